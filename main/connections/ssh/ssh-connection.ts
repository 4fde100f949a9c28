import { PassThrough } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Client } from 'ssh2';
import PQueue from 'p-queue';
import { Problem, wordsOf } from '../../words/index.ts';
import type { Connection, RemoteProcess } from '../connection.ts';
import { notForwarded } from '../relay.ts';
import { onTheWire, type Script } from '../script.ts';
import { openRemoteFiles, type RemoteFiles } from './remote-files.ts';
import { openSftp } from './sftp.ts';

/** sshd allows ten sessions on a connection unless told otherwise (MaxSessions); two are left for others. */
const CHANNELS = 8;
/** How often a command is begun that the server refuses though none of ours runs: over three seconds in all. */
const REFUSALS = 6;

/**
 * The connection over the clients of {@link connectThrough}.
 * @param onlyFiles the user says that there is no shell: no command is tried
 */
export function sshConnection(label: string, clients: readonly Client[], onlyFiles = false): Connection {
  const own = clients.at(-1);
  if (!own) throw new TypeError('no hop');
  const channels = new PQueue({ concurrency: CHANNELS });
  let closed = false;
  let roundTrip: number | null = null;
  /** A channel is opened and the command begun before it is known to be: two questions, and the server's own time, of which the shortest counts. */
  const took = (millis: number) => (roundTrip = Math.min(roundTrip ?? Infinity, millis / 2));
  let files: Promise<RemoteFiles> | null = null;
  const filesOf = async (): Promise<RemoteFiles> => {
    // A server may end SFTP and keep the connection.
    if (files !== null && (await files).closed) files = null;
    const mine = (files ??= openRemoteFiles(own, label, undefined, () => closed));
    mine.catch(() => {
      if (files === mine) files = null;
    });
    return mine;
  };
  const gone = () => {
    closed = true;
  };
  for (const client of clients) client.once('close', gone).once('end', gone);
  /** A server that allows one command at a time may still be busy with the end of the last one: that passes. */
  const begin = async (script: Script): Promise<RemoteProcess> => {
    for (let tries = 1; ; tries += 1) {
      try {
        const began = performance.now();
        const process = await open(own, label, script, { gone, allows: () => roundTrip !== null });
        took(performance.now() - began);
        return process;
      } catch (error) {
        const refused = error instanceof Problem && error.code === 'channel-refused';
        if (!refused || closed || channels.pending > 1 || tries === REFUSALS) throw error;
        await setTimeout(50 * 2 ** tries);
      }
    }
  };
  /**
   * The first command is begun alone: until one was allowed, a refusal says that none are, and not that others are at work. Should it fail,
   * the next one is the first.
   */
  let first: Promise<unknown> | null = null;
  const alone = async (work: () => Promise<RemoteProcess>): Promise<RemoteProcess> => {
    while (roundTrip === null && first !== null) await first.catch(() => {});
    if (roundTrip !== null) return work();
    const mine = work();
    first = mine;
    return mine.finally(() => (first = null));
  };
  return {
    label,
    onlyFiles,
    get roundTrip() {
      return roundTrip;
    },
    get closed() {
      return closed;
    },
    start(script) {
      if (onlyFiles) return Promise.reject(noShell(label));
      return new Promise<RemoteProcess>((resolve, reject) => {
        void channels.add(async () => {
          try {
            const process = await alone(() => begin(script));
            resolve(process);
            await process.exit.catch(() => null);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(wordsOf(error)));
          }
        });
      });
    },
    sftp: () => openSftp(own, label),
    files: filesOf,
    forward(host, port) {
      return new Promise((resolve, reject) => {
        const refused = (error: unknown) => reject(notForwarded(label, host, port, wordsOf(error), error));
        try {
          own.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
            if (error) refused(error);
            else resolve(channel);
          });
        } catch (error) {
          // It throws only where there is no connection any more.
          gone();
          refused(error);
        }
      });
    },
    close() {
      closed = true;
      for (const client of [...clients].reverse()) client.end();
    },
  };
}

function noShell(label: string): Problem {
  return new Problem({
    code: 'no-shell',
    message: 'This needs commands on the server, and the site is reached over SFTP, which only gives files.',
    attempted: `Run a command on ${label}`,
    todo: 'Ask the host for a shell (SSH access, not only SFTP), then change the site’s connection to SSH.',
  });
}

/** Whether the server did not want another channel (RFC 4254, 5.1), as with sshd's MaxSessions; the connection itself lives on. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'number';
}

function open(
  client: Client,
  label: string,
  script: Script,
  { gone, allows }: { gone: () => void; allows: () => boolean },
): Promise<RemoteProcess> {
  const { command, head } = onTheWire(script);
  return new Promise((resolve, reject) => {
    const lost = (error: unknown) =>
      reject(
        new Problem(
          {
            code: allows() && isRefusal(error) ? 'channel-refused' : 'connection-lost',
            message: `The connection to ${label} was lost, or it does not allow commands.`,
            attempted: `Run a command on ${label}`,
            answered: wordsOf(error),
            todo: 'Check the network, and that this account may run commands (a shell, not only SFTP).',
          },
          error,
        ),
      );
    try {
      client.exec(command, (error, channel) => {
        if (error) {
          lost(error);
          return;
        }
        // ssh2's channel ends as one stream; stdout apart lets a reader be destroyed without it.
        const stdout = new PassThrough({ highWaterMark: 1024 * 1024 });
        channel.pipe(stdout);
        // A channel closes only after all it brought was taken: what nobody wants any more still flows off.
        stdout.once('close', () => channel.resume());
        let status: { code: number | null; signal: string | null } = { code: null, signal: null };
        channel.on('exit', (code: number | null, signal?: string) => {
          status = { code, signal: signal ?? null };
        });
        const exit = new Promise<{ code: number | null; signal: string | null }>((done) => {
          channel.on('close', () => {
            stdout.end();
            done(status);
          });
        });
        channel.on('error', () => {});
        channel.write(head);
        resolve({
          stdin: channel.stdin,
          stdout,
          stderr: channel.stderr,
          exit,
          kill: () => {
            channel.signal('TERM');
            channel.close();
          },
        });
      });
    } catch (error) {
      // It throws only where there is no connection any more.
      gone();
      lost(error);
    }
  });
}
