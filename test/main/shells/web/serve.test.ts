import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/websocket';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Client } from '../../../../main/api/index.ts';
import { type WebShell, serveWeb } from '../../../../main/shells/web/index.ts';
import { fakeApi } from '../../../e2e/fake/api.ts';

let folder: string;
let shell: WebShell;
let links: string[];
let api: ReturnType<typeof fakeApi>;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'groundskeeper-web-'));
  await mkdir(path.join(folder, 'renderer', 'assets'), { recursive: true });
  await writeFile(path.join(folder, 'renderer', 'index.html'), '<!doctype html><title>Ours</title>');
  await writeFile(path.join(folder, 'renderer', 'assets', 'app-1a2b.js'), 'ours()');
  await writeFile(path.join(folder, 'secret.html'), 'not for the web');
  links = [];
  api = fakeApi({ sites: 3, stepMillis: 40 });
  shell = await serveWeb({
    router: api.router,
    port: 0,
    rendererFolder: path.join(folder, 'renderer'),
    onLink: (url) => links.push(url),
  });
});

afterEach(async () => {
  api.close();
  await shell.close();
  await rm(folder, { recursive: true });
});

describe('the web shell serves the renderer', () => {
  it('answers the page with a policy that allows nothing but its own files', async () => {
    const page = await ask('/');
    expect(page.status).toBe(200);
    expect(page.body).toContain('Ours');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    expect(page.headers['cache-control']).toBe('no-store');
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  it('lets hashed files be kept', async () => {
    const script = await ask('/assets/app-1a2b.js');
    expect(script.headers['cache-control']).toContain('immutable');
  });

  it.each([
    '/../secret.html',
    '/..%2fsecret.html',
    '/%2e%2e/secret.html',
    '/assets/../../secret.html',
    '/.env',
    '//etc/hosts',
  ])('finds nothing outside its folder: %s', async (wanted) => expect((await ask(wanted)).status).toBe(404));
});

describe('the web shell knows who asks', () => {
  it('refuses another host name, so that a rebound name cannot reach it', async () => {
    expect((await ask('/', { host: `evil.example:${shell.port}` })).status).toBe(403);
    expect((await ask('/', { host: '127.0.0.1:1' })).status).toBe(403);
    expect((await ask('/', { host: `localhost:${shell.port}` })).status).toBe(200);
  });

  it('refuses another origin, and none where something changes', async () => {
    expect((await ask('/', { origin: 'https://evil.example' })).status).toBe(403);
    expect((await exchange(shell.token, 'http://evil.example')).status).toBe(403);
    expect((await exchange(shell.token, 'null')).status).toBe(403);
    expect((await ask('/session', { 'x-groundskeeper-link': shell.token }, 'POST')).status).toBe(403);
  });

  it('takes a link once, and then shows the next one', async () => {
    expect((await exchange(shell.token)).status).toBe(200);
    expect(links).toHaveLength(1);
    expect((await exchange(shell.token)).status).toBe(401);
    expect((await exchange(links[0]?.split('#link=')[1] ?? '')).status).toBe(200);
  });

  it('refuses a link that it never gave', async () => {
    expect((await exchange('x'.repeat(43))).status).toBe(401);
    expect((await exchange('')).status).toBe(401);
  });
});

describe('the live connection', () => {
  it('answers calls, streams events, and carries problems in words', async () => {
    const { client, close } = await connect(await openSession());
    expect(await client.sites.list({})).toHaveLength(3);

    const events = await client.app.events({});
    expect((await events.next()).value).toEqual({ kind: 'sites' });

    const failure = await client.connections.parse({ text: 'nonsense' }).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      data: { code: 'not-understood', todo: expect.stringContaining('user@host') as string },
    });
    close();
  });

  it('says which field was refused', async () => {
    const { client, close } = await connect(await openSession());
    const failure = await client.sites
      .importAll({ format: 'csv', text: 7 as never })
      .catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({
      data: { code: 'invalid-input', message: expect.stringContaining('text') as string },
    });
    close();
  });

  it('opens for nobody without a session, nor from another page', async () => {
    const session = await openSession();
    const own = `http://127.0.0.1:${shell.port}`;
    expect(await refusedSocket(['groundskeeper'], own)).toBe(401);
    expect(await refusedSocket(['groundskeeper', 'session.guess'], own)).toBe(401);
    expect(await refusedSocket([`session.${session}`], own)).toBe(401);
    expect(await refusedSocket(['groundskeeper', `session.${session}`], 'https://evil.example')).toBe(403);
    expect(await refusedSocket(['groundskeeper', `session.${session}`], undefined)).toBe(403);
  });
});

type Answer = { status: number; headers: http.IncomingHttpHeaders; body: string };

function ask(wanted: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port: shell.port, path: wanted, method, headers },
      (response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      },
    );
    request.on('error', reject).end();
  });
}

function exchange(token: string, origin = `http://127.0.0.1:${shell.port}`): Promise<Answer> {
  return ask('/session', { origin, 'x-groundskeeper-link': token }, 'POST');
}

async function openSession(): Promise<string> {
  const { session } = JSON.parse((await exchange(shell.token)).body) as { session: string };
  return session;
}

function socket(protocols: string[], origin: string | undefined): WebSocket {
  return new WebSocket(`ws://127.0.0.1:${shell.port}/api`, protocols, origin === undefined ? {} : { origin });
}

async function connect(session: string): Promise<{ client: Client; close: () => void }> {
  const ws = socket(['groundskeeper', `session.${session}`], `http://127.0.0.1:${shell.port}`);
  await new Promise((resolve, reject) => ws.once('open', resolve).once('error', reject));
  const client: Client = createORPCClient(new RPCLink({ websocket: ws }));
  return { client, close: () => ws.close() };
}

function refusedSocket(protocols: string[], origin: string | undefined): Promise<number> {
  return new Promise((resolve) => {
    const ws = socket(protocols, origin);
    ws.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    ws.once('open', () => resolve(101));
    ws.on('error', () => {});
  });
}
