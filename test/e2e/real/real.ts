import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Page, test as base, expect } from '@playwright/test';
import { connectToOwner } from '../../../main/shells/terminal/index.ts';
import { whenWeEnd } from '../../rig/cleanup.ts';
import {
  anSshHost,
  aTempFolder,
  aWordPressOrg,
  type SshHost,
  type TempFolder,
  type WordPressOrg,
} from '../../rig/index.ts';

const WEB = path.resolve(import.meta.dirname, '../../../main/web.ts');

/** `main/web.ts` in a process of its own, as its user starts it. */
export interface RunningWeb {
  readonly process: ChildProcess;
  readonly port: number;
  /** The newest link that it printed. */
  link(): string;
  /** As a power cut would. */
  kill(): Promise<void>;
  /** As Ctrl-C would. */
  stop(): Promise<void>;
}

/** A server with accounts, a source of releases, and a user with an empty home and data folder. */
export interface Place {
  readonly host: SshHost;
  readonly org: WordPressOrg;
  readonly data: string;
  readonly page: Page;
  /** Starts the app; the same port again for one that comes back. */
  start(port?: number): Promise<RunningWeb>;
  /** Goes to a place of the app, e.g. `#/settings`. */
  go(web: RunningWeb, hash: string): Promise<void>;
  /** The app's client, as the command line has it. */
  client(): Promise<Awaited<ReturnType<typeof connectToOwner>>['client']>;
}

/** Real servers, the real app, a real browser. What the page complains about fails the test. */
export const test = base.extend<{ onlySftp: boolean; place: Place }>({
  /** Whether the server's account gives files over SFTP and nothing else. */
  onlySftp: [false, { option: true }],
  place: async ({ page, onlySftp }, use) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    const temp = aTempFolder('e2e');
    const [host, org] = await Promise.all([anSshHost({}, { onlySftp }), aWordPressOrg()]);
    // Its sites are in its home, where they are looked for.
    execFileSync('usermod', ['--home', host.folder, host.user]);
    const started: RunningWeb[] = [];
    const closing: (() => void)[] = [];
    const data = path.join(temp.path, 'data');
    await use({
      host,
      org,
      data,
      page,
      async start(port = 0) {
        const web = await startWeb(temp, org, data, port);
        started.push(web);
        return web;
      },
      async go(web, hash) {
        await page.goto(`http://127.0.0.1:${web.port}/${hash}`);
        await expect(page.getByRole('status', { name: 'Loading' })).toHaveCount(0);
      },
      async client() {
        const owner = await connectToOwner(data);
        closing.push(() => owner.close());
        return owner.client;
      },
    });
    for (const close of closing) close();
    for (const web of started) await web.stop();
    await Promise.all([host.stop(), org.stop()]);
    temp.remove();
    expect(
      complaints.filter(
        (text) => !/WebSocket|ERR_CONNECTION|ERR_SOCKET_NOT_CONNECTED|401 \(Unauthorized\)/.test(text),
      ),
    ).toEqual([]);
  },
});

async function startWeb(
  temp: TempFolder,
  org: WordPressOrg,
  data: string,
  port: number,
): Promise<RunningWeb> {
  const child = spawn(process.execPath, [WEB, '--data', data, '--port', String(port)], {
    env: {
      PATH: process.env['PATH'],
      HOME: temp.path,
      GROUNDSKEEPER_WORDPRESS_API: org.api,
      GROUNDSKEEPER_WORDPRESS_DOWNLOADS: org.downloads,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = whenWeEnd(() => void child.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  let said = '';
  let newest = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const link = /http:\/\/127\.0\.0\.1:\d+\/#\S+/.exec(line)?.[0];
      if (link === undefined) return;
      newest = link;
      resolve();
    });
    child.on('exit', () => reject(new Error(`The app ended: ${said}`)));
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await ended;
    gone();
  };
  return {
    process: child,
    port: Number(new URL(newest).port),
    link: () => newest,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

export { expect };
