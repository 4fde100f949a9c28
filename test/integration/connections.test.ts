import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  feed,
  run,
  runOk,
  sh,
  UnknownHost,
  type Connection,
  type RunOptions,
} from '../../main/connections/index.ts';
import { Problem } from '../../main/words/index.ts';
import { never } from '../main/samples.ts';
import { aFreePort, aKeyPair, anSshHost, aTempFolder, type SshHost } from '../rig/index.ts';
import { aPool, confirm, wayTo } from './reach.ts';

let host: SshHost;
let gate: SshHost;
const temp = aTempFolder('connections');
beforeAll(async () => {
  [host, gate] = await Promise.all([anSshHost(), anSshHost()]);
});
afterAll(async () => {
  await Promise.all([host.stop(), gate.stop()]);
  temp.remove();
});

const options = (part: Partial<RunOptions> = {}): RunOptions => ({
  attempted: 'Ask who we are',
  signal: never,
  timeLimit: 20_000,
  ...part,
});
const whoAmI = async (connection: Connection) =>
  (await runOk(connection, sh`id -un`, options())).toString().trim();

/** A server that accepts connections and never says a word. */
async function aSilentServer() {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  return { silent, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

it('several commands at once are begun where the server allows one, also as the first ones', async () => {
  await using narrow = await anSshHost({}, { maxSessions: 1 });
  using pool = aPool([narrow]);
  const asked = Array.from({ length: 6 }, () => pool.use(wayTo(narrow), whoAmI));
  expect(new Set(await Promise.all(asked))).toEqual(new Set([narrow.user]));
});

/** A problem that says what was tried, what answered and what to do. */
async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Problem)) throw new TypeError(`not a problem: ${String(thrown)}`);
  return thrown;
}
const something = expect.stringMatching(/./) as string;
const complete = { attempted: something, answered: something, todo: something };

describe('logging in', () => {
  it('works with a key', async () => {
    using pool = aPool([host]);
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it('works with a key that has a passphrase', async () => {
    const key = aKeyPair(path.join(temp.path, 'locked'), 'open sesame');
    host.authorize(key.publicKey);
    using pool = aPool([host]);
    const way = wayTo(host, { authentication: { kind: 'key', file: key.file } });
    expect(await pool.use(way, whoAmI, [{ passphrase: 'open sesame' }])).toBe(host.user);
  });

  it.each([
    ['without its passphrase', null],
    ['with a wrong passphrase', 'open barley'],
  ])('stops at a locked key %s', async (_name, passphrase) => {
    const key = aKeyPair(path.join(temp.path, 'locked-too'), 'open sesame');
    using pool = aPool([host]);
    const way = wayTo(host, { authentication: { kind: 'key', file: key.file } });
    const problem = await problemOf(pool.use(way, whoAmI, [{ passphrase }]));
    expect(problem).toMatchObject({ code: 'key-locked', ...complete });
  });

  it.runIf(process.getuid?.() === 0)('works with a password', async () => {
    using pool = aPool([host]);
    const way = wayTo(host, { authentication: { kind: 'password' } });
    expect(await pool.use(way, whoAmI, [{ password: host.password }])).toBe(host.user);
  });

  it('works with a real agent', async () => {
    const socket = path.join(temp.path, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(agent.stdout, 'data');
    spawnSync('ssh-add', ['-q', host.key.file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    using pool = aPool([host], { SSH_AUTH_SOCK: socket });
    expect(await pool.use(wayTo(host, { authentication: { kind: 'agent' } }), whoAmI)).toBe(host.user);
    agent.kill();
  });

  it('works through jump hosts, each with its own account', async () => {
    using pool = aPool([host, gate]);
    const { kind: _kind, jump: _jump, configHost: _config, ...hop } = wayTo(gate);
    expect(await pool.use(wayTo(host, { jump: [hop] }), whoAmI)).toBe(host.user);
  });

  it('stops at a jump host that nobody confirmed, before anything is sent through it', async () => {
    using pool = aPool([host]);
    const { kind: _kind, jump: _jump, configHost: _config, ...hop } = wayTo(gate);
    const problem = await problemOf(pool.use(wayTo(host, { jump: [hop] }), whoAmI));
    expect(problem).toMatchObject({ code: 'host-unknown', attempted: `Connect to 127.0.0.1:${gate.port}` });
  });

  it('says it when the jump host cannot reach the server', async () => {
    using pool = aPool([gate]);
    const { kind: _kind, jump: _jump, configHost: _config, ...hop } = wayTo(gate);
    const problem = await problemOf(pool.use(wayTo(host, { port: await aFreePort(), jump: [hop] }), whoAmI));
    expect(problem).toMatchObject({ code: 'jump-refused', ...complete });
  });
});

describe('a host key', () => {
  it('that nobody confirmed is shown, and nothing is sent', async () => {
    using pool = aPool([]);
    const problem = await problemOf(pool.use(wayTo(host), whoAmI));
    expect(problem).toBeInstanceOf(UnknownHost);
    expect(problem).toMatchObject({
      code: 'host-unknown',
      ...complete,
      key: { host: '127.0.0.1', port: host.port, type: 'ssh-ed25519', fingerprint: host.hostKey() },
    });
  });

  it('that changed stops everything', async () => {
    await using other = await anSshHost();
    using pool = aPool([other]);
    expect(await pool.use(wayTo(other), whoAmI)).toBe(other.user);
    const before = other.hostKey();
    await other.changeHostKey();
    const problem = await problemOf(pool.use(wayTo(other, { user: 'somebody' }), whoAmI));
    expect(problem).toMatchObject({ code: 'host-key-changed', ...complete });
    expect(problem.answered).toBe(`It showed ${other.hostKey()}; expected ${before}.`);
    confirm(pool.keys, other);
    expect(await pool.use(wayTo(other, { configHost: 'anew' }), whoAmI)).toBe(other.user);
  });
});

describe('each thing that can go wrong', () => {
  it('a wrong key', async () => {
    const stranger = aKeyPair(path.join(temp.path, 'stranger'));
    using pool = aPool([host]);
    const problem = await problemOf(
      pool.use(wayTo(host, { authentication: { kind: 'key', file: stranger.file } }), whoAmI),
    );
    expect(problem).toMatchObject({ code: 'authentication-failed', ...complete });
  });

  it.each([
    ['is not there', '/nowhere/key', 'key-unreadable'],
    ['is no key', '/etc/passwd', 'key-unreadable'],
  ])('a key file that %s', async (_name, file, code) => {
    using pool = aPool([host]);
    expect(
      await problemOf(pool.use(wayTo(host, { authentication: { kind: 'key', file } }), whoAmI)),
    ).toMatchObject({ code, answered: complete.answered, todo: complete.todo });
  });

  it('a wrong password', async () => {
    using pool = aPool([host]);
    const problem = await problemOf(
      pool.use(wayTo(host, { authentication: { kind: 'password' } }), whoAmI, [{ password: 'wrong' }]),
    );
    expect(problem).toMatchObject({ code: 'authentication-failed', ...complete });
  });

  it('a password that is not known', async () => {
    using pool = aPool([host]);
    const problem = await problemOf(pool.use(wayTo(host, { authentication: { kind: 'password' } }), whoAmI));
    expect(problem).toMatchObject({
      code: 'no-password',
      attempted: complete.attempted,
      todo: complete.todo,
    });
  });

  it('a port where nothing listens', async () => {
    using pool = aPool([host]);
    expect(await problemOf(pool.use(wayTo(host, { port: await aFreePort() }), whoAmI))).toMatchObject({
      code: 'connection-refused',
      ...complete,
    });
  });

  it('a name that does not exist', async () => {
    using pool = aPool([host]);
    expect(await problemOf(pool.use(wayTo(host, { host: 'nowhere.invalid' }), whoAmI))).toMatchObject({
      code: 'host-not-found',
      ...complete,
    });
  });

  it('a command that takes too long is ended', async () => {
    using pool = aPool([host]);
    const work = pool.use(wayTo(host), (connection) =>
      run(connection, sh`echo started; sleep 60`, options({ timeLimit: 300 })),
    );
    expect(await problemOf(work)).toMatchObject({
      code: 'timed-out',
      attempted: complete.attempted,
      todo: complete.todo,
    });
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it.each([
    [
      'is killed',
      sh`head -c 10 >/dev/null; kill -9 $$`,
      { code: 'connection-lost', answered: expect.stringMatching(/KILL/) as string },
    ],
    ['fails', sh`head -c 10 >/dev/null; echo enough >&2; exit 3`, { code: 'remote-failed' }],
  ])('a command that %s while it is fed ends there and then', async (_how, script, problem) => {
    using pool = aPool([host]);
    let fed = 0;
    const work = pool.use(wayTo(host), (connection) =>
      runOk(connection, script, {
        ...options({ timeLimit: 60_000 }),
        async stdin(stdin) {
          // A piece of a backup, the next of which has to be read first.
          for (; fed < 1000; fed += 1) {
            await feed(stdin, Buffer.alloc(10_000));
            await pause(10);
          }
        },
      }),
    );
    expect(await problemOf(work)).toMatchObject(problem);
    expect(fed).toBeLessThan(1000);
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it('a command that is cancelled ends, and the connection stays', async () => {
    using pool = aPool([host]);
    const abort = new AbortController();
    const work = pool.use(wayTo(host), (connection) =>
      run(connection, sh`echo started; sleep 60`, {
        ...options({ signal: abort.signal }),
        onOutput: async (stdout) => void stdout.once('data', () => abort.abort()),
      }),
    );
    expect(await problemOf(work)).toMatchObject({ code: 'cancelled' });
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it('a command that was cancelled before it began never begins', async () => {
    using pool = aPool([host]);
    const work = pool.use(wayTo(host), (connection) =>
      run(connection, sh`touch ${`${host.folder}/began`}`, options({ signal: AbortSignal.abort() })),
    );
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    const listed = await pool.use(wayTo(host), (connection) =>
      runOk(connection, sh`ls ${host.folder}`, options()),
    );
    expect(listed.toString()).not.toContain('began');
  });

  it('a connection that is cut in the middle of a command, and comes back', async () => {
    using pool = aPool([host]);
    const work = pool.use(wayTo(host), (connection) =>
      run(connection, sh`echo started; sleep 60`, options()),
    );
    setTimeout(() => host.cutSessions(), 500);
    expect(await problemOf(work)).toMatchObject({ code: 'connection-lost', ...complete });
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it('a server that goes away and comes back', async () => {
    await using other = await anSshHost();
    using pool = aPool([other]);
    expect(await pool.use(wayTo(other), whoAmI)).toBe(other.user);
    await other.down();
    expect((await problemOf(pool.use(wayTo(other), whoAmI))).code).toMatch(/connection-(lost|refused)/);
    await other.up();
    expect(await pool.use(wayTo(other), whoAmI)).toBe(other.user);
  });

  it('a server that accepts and then says nothing', async () => {
    const { silent, port } = await aSilentServer();
    using pool = aPool([host]);
    expect(await problemOf(pool.use(wayTo(host, { port }), whoAmI))).toMatchObject({
      code: 'unreachable',
      ...complete,
    });
    silent.close();
  });

  it('connecting that is cancelled', async () => {
    const { silent, port } = await aSilentServer();
    using pool = aPool([host]);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 200);
    expect(await problemOf(pool.use(wayTo(host, { port }), whoAmI, [], abort.signal))).toMatchObject({
      code: 'cancelled',
    });
    silent.close();
  });

  it('a command that takes too long while it keeps talking', async () => {
    using pool = aPool([host]);
    const takes = (stdout: AsyncIterable<unknown>) =>
      stdout[Symbol.asyncIterator]()
        .next()
        .then(() => new Promise<void>(() => {}));
    const work = pool.use(wayTo(host), (connection) =>
      run(connection, sh`yes`, options({ timeLimit: 500, onOutput: takes })),
    );
    expect(await problemOf(work)).toMatchObject({ code: 'timed-out' });
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it('more output than is taken', async () => {
    using pool = aPool([host]);
    const work = pool.use(wayTo(host), (connection) =>
      run(connection, sh`yes`, options({ maxOutput: 100_000 })),
    );
    expect(await problemOf(work)).toMatchObject({ code: 'too-much-output' });
    expect(await pool.use(wayTo(host), whoAmI)).toBe(host.user);
  });

  it.each([
    ['no space left on device', 'remote-disk-full'],
    ['Permission denied', 'remote-permission'],
    ['something else', 'remote-failed'],
  ])('a command that fails with “%s”', async (words, code) => {
    using pool = aPool([host]);
    const problem = await problemOf(
      pool.use(wayTo(host), (connection) => runOk(connection, sh`echo ${words} >&2; exit 3`, options())),
    );
    expect(problem).toMatchObject({ code, ...complete });
    expect(problem.answered).toBe(`exit code 3: ${words}`);
  });
});

describe('an open connection', () => {
  it('hands over input and output to the last byte', async () => {
    const bytes = Buffer.alloc(3_000_000, 'every byte\0\xff\n', 'latin1');
    using pool = aPool([host]);
    const result = await pool.use(wayTo(host), (connection) =>
      run(connection, sh`cat; echo aside >&2; exit 7`, options({ stdin: bytes })),
    );
    expect(result.code).toBe(7);
    expect(result.stderr).toBe('aside\n');
    expect(result.stdout.equals(bytes)).toBe(true);
  });

  it('does sixteen commands at once, however few sessions a server allows', async () => {
    using pool = aPool([host]);
    const answers = await pool.use(wayTo(host), (connection) =>
      Promise.all(
        Array.from({ length: 16 }, async (_, index) =>
          (await runOk(connection, sh`sleep 0.2; echo ${index}`, options())).toString(),
        ),
      ),
    );
    expect(answers).toEqual(Array.from({ length: 16 }, (_, index) => `${index}\n`));
  });

  it('is shared by all work on the same account', async () => {
    using pool = aPool([host]);
    const peers = await Promise.all(
      Array.from({ length: 12 }, () =>
        pool.use(wayTo(host), async (connection) =>
          (await runOk(connection, sh`echo "$SSH_CONNECTION"`, options())).toString(),
        ),
      ),
    );
    expect(new Set(peers).size).toBe(1);
  });

  it('is not disturbed by one of many that is cancelled while it opens', async () => {
    using pool = aPool([host]);
    const abort = new AbortController();
    const cancelled = pool.use(wayTo(host), whoAmI, [], abort.signal).catch((error: unknown) => error);
    const other = pool.use(wayTo(host), whoAmI);
    abort.abort();
    await cancelled;
    expect(await other).toBe(host.user);
  });

  it('ends what runs when it is closed', async () => {
    const pool = aPool([host]);
    const work = problemOf(
      pool.use(wayTo(host), (connection) => run(connection, sh`echo started; sleep 60`, options())),
    );
    await pause(400);
    pool[Symbol.dispose]();
    expect((await work).code).toBe('connection-lost');
  });
});
