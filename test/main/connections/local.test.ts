import { describe, expect, it, vi } from 'vitest';
import {
  createConnections,
  openHostKeys,
  run,
  runOk,
  sh,
  type Connection,
} from '../../../main/connections/index.ts';
import { aJsonFile, never } from '../samples.ts';

const noSecrets = () => ({ password: async () => null, passphrase: async () => null });

/** Does work on this computer. */
function here<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
  const connections = createConnections({
    hostKeys: openHostKeys(aJsonFile(), []),
    environment: {},
    idle: 1000,
  });
  return connections.use({ kind: 'local' }, noSecrets, never, work).finally(() => connections.close());
}
const options = { attempted: 'Try', signal: never, timeLimit: 10_000 };

describe('a site on this computer', () => {
  it('runs the same scripts, with their input', async () => {
    const output = await here((connection) =>
      runOk(connection, sh`read -r line; printf '%s|%s' "$line" ${"it's"}; cat`, {
        ...options,
        stdin: 'one\ntwo',
      }),
    );
    expect(output.toString()).toBe("one|it'stwo");
  });

  it('hands over the exit code and what was said aside', async () => {
    expect(await here((connection) => run(connection, sh`echo no >&2; exit 9`, options))).toMatchObject({
      code: 9,
      stderr: 'no\n',
    });
  });

  it('ends what takes too long, with all it started, even where it does not want to end', async () => {
    let said = '';
    const work = here((connection) =>
      run(connection, sh`trap '' TERM; echo $$; while :; do sleep 0.1; done`, {
        ...{ ...options, timeLimit: 500 },
        onOutput: async (stdout) => {
          for await (const chunk of stdout) said += String(chunk);
        },
      }),
    );
    await expect(work).rejects.toMatchObject({ code: 'timed-out' });
    const pid = Number.parseInt(said, 10);
    expect(pid).toBeGreaterThan(1);
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), { timeout: 10_000 });
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    const work = here((connection) => run(connection, sh`sleep 30`, { ...options, signal: abort.signal }));
    setTimeout(() => abort.abort(), 100);
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('takes no more output than allowed', async () => {
    const work = here((connection) => run(connection, sh`yes`, { ...options, maxOutput: 100_000 }));
    await expect(work).rejects.toMatchObject({ code: 'too-much-output' });
  });
});
