import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { z } from 'zod';

/** One page of a browser, by the DevTools protocol. */
export interface Page {
  send(method: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
  on(event: string, listener: (parameters: unknown) => void): void;
  close(): Promise<void>;
}

/** A browser that can be started. */
export interface InstalledBrowser {
  /** null: it does not start. */
  open(signal: AbortSignal): Promise<Page | null>;
}

const STARTS = 20_000;
const ANSWERS = 60_000;
/** A proxy that is nowhere: what the page asks for is answered by us, and all else has no way out. */
const NOWHERE = 'http://127.0.0.1:9';
const SWITCHES = [
  '--headless=new',
  '--remote-debugging-pipe',
  `--proxy-server=${NOWHERE}`,
  '--proxy-bypass-list=<-loopback>',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-sync',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--hide-scrollbars',
  '--mute-audio',
  '--password-store=basic',
  '--use-mock-keychain',
];

const Message = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
  sessionId: z.string().optional(),
});
const Created = z.object({ targetId: z.string() });
const Attached = z.object({ sessionId: z.string() });

/**
 * A browser of Chromium's family that is installed here, headless, on a profile that is thrown away, spoken to through a pipe: no port
 * is opened for it, and it has no network.
 * @param options.sandbox always on; off only where a test runs as root
 */
export function installedBrowser(
  program: string,
  options: { readonly sandbox?: boolean } = {},
): InstalledBrowser {
  return {
    async open(signal) {
      const profile = mkdtempSync(join(tmpdir(), 'groundskeeper-browser-'));
      const child = spawn(
        program,
        [
          ...SWITCHES,
          ...(options.sandbox === false ? ['--no-sandbox'] : []),
          `--user-data-dir=${profile}`,
          'about:blank',
        ],
        { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: environmentFor(profile) },
      );
      const gone = once(child, 'exit').catch(() => []);
      child.on('error', () => {});
      const end = async () => {
        child.kill('SIGKILL');
        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) await gone;
        // Its own children may still write for a moment.
        await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }).catch(() => {});
      };
      const cancelled = () => void end();
      signal.addEventListener('abort', cancelled, { once: true });
      try {
        const speak = conversation(child);
        const page = await pageOf(speak);
        return {
          ...page,
          async close() {
            signal.removeEventListener('abort', cancelled);
            await end();
          },
        };
      } catch {
        await end();
        signal.throwIfAborted();
        return null;
      }
    },
  };
}

type Speak = ReturnType<typeof conversation>;

async function pageOf(speak: Speak): Promise<Omit<Page, 'close'>> {
  const { targetId } = Created.parse(
    await speak.send('Target.createTarget', { url: 'about:blank' }, undefined, STARTS),
  );
  const { sessionId } = Attached.parse(
    await speak.send('Target.attachToTarget', { targetId, flatten: true }),
  );
  return {
    send: (method, parameters = {}) => speak.send(method, parameters, sessionId),
    on: (event, listener) => speak.on(sessionId, event, listener),
  };
}

/** Messages, each ended by a NUL byte, over file descriptors 3 and 4. */
function conversation(child: ChildProcess) {
  const [, , , into, from] = child.stdio;
  if (!(into instanceof Writable) || !(from instanceof Readable)) throw new Error('The browser has no pipes');
  const asked = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const listeners = new Map<string, (parameters: unknown) => void>();
  let next = 0;
  let over: Error | null = null;
  const finish = () => {
    over ??= new Error('The browser has ended');
    for (const { reject } of asked.values()) reject(over);
    asked.clear();
  };
  into.on('error', finish);
  from.on('error', finish);
  from.on('close', finish);
  child.on('exit', finish);
  child.on('error', finish);
  let rest: Buffer[] = [];
  from.on('data', (chunk: Buffer) => {
    let at = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, at)) {
      try {
        hear(Buffer.concat([...rest, chunk.subarray(at, end)]).toString('utf8'));
      } catch {
        // What does not speak the protocol is no browser.
        finish();
      }
      rest = [];
      at = end + 1;
    }
    if (at < chunk.length) rest.push(chunk.subarray(at));
  });
  const hear = (text: string) => {
    const said = Message.parse(JSON.parse(text));
    if (said.id === undefined) {
      listeners.get(`${said.sessionId ?? ''} ${said.method ?? ''}`)?.(said.params);
      return;
    }
    const waiting = asked.get(said.id);
    asked.delete(said.id);
    if (said.error) waiting?.reject(new Error(said.error.message));
    else waiting?.resolve(said.result);
  };
  return {
    on(sessionId: string, event: string, listener: (parameters: unknown) => void) {
      listeners.set(`${sessionId} ${event}`, listener);
    },
    send(
      method: string,
      params: Readonly<Record<string, unknown>>,
      sessionId?: string,
      limit = ANSWERS,
    ): Promise<unknown> {
      return new Promise((resolve, reject) => {
        if (over) {
          reject(over);
          return;
        }
        next += 1;
        const id = next;
        const timer = setTimeout(() => {
          asked.delete(id);
          reject(new Error(`The browser did not answer ${method}`));
        }, limit);
        const done = () => clearTimeout(timer);
        asked.set(id, {
          resolve: (value) => {
            done();
            resolve(value);
          },
          reject: (error) => {
            done();
            reject(error);
          },
        });
        into.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
      });
    },
  };
}

/** Nothing of ours: no secrets of the environment, no settings of the user's own browser. */
function environmentFor(profile: string): NodeJS.ProcessEnv {
  const kept = [
    'PATH',
    'LANG',
    'LC_ALL',
    'SystemRoot',
    'TEMP',
    'TMP',
    'ProgramFiles',
    'LocalAppData',
    'FONTCONFIG_PATH',
  ];
  return {
    ...Object.fromEntries(
      kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    ),
    HOME: profile,
    XDG_CONFIG_HOME: profile,
    XDG_CACHE_HOME: profile,
  };
}
