import { spawn } from 'node:child_process';
import net from 'node:net';
import { Problem, wordsOf } from '../words/index.ts';
import type { Connection } from './connection.ts';
import { notForwarded } from './relay.ts';
import { onTheWire } from './script.ts';

/** Milliseconds between asking a command to end and ending it. */
const GRACE = 2_000;

/** Sites on this computer: the same scripts, run by /bin/sh here. */
export function localConnection(): Connection {
  const running = new Set<() => void>();
  let closed = false;
  return {
    label: 'this computer',
    onlyFiles: false,
    roundTrip: 0,
    get closed() {
      return closed;
    },
    async start(script) {
      const { command, head } = onTheWire(script);
      const child = spawn('/bin/sh', ['-c', command], { stdio: 'pipe', detached: true });
      const signal = (name: NodeJS.Signals) => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, name);
        } catch {
          // It has ended already.
        }
      };
      const kill = () => {
        signal('SIGTERM');
        setTimeout(() => {
          if (running.has(kill)) signal('SIGKILL');
        }, GRACE).unref();
      };
      running.add(kill);
      child.stdin.on('error', () => {});
      child.stdin.write(head);
      const exit = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => {
          running.delete(kill);
          resolve({ code, signal });
        });
      });
      return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exit, kill };
    },
    sftp: noSftp,
    files: noSftp,
    forward(host, port) {
      return new Promise((resolve, reject) => {
        const socket = net.connect({ host, port });
        socket.once('connect', () => resolve(socket));
        socket.once('error', (error) =>
          reject(notForwarded('this computer', host, port, wordsOf(error), error)),
        );
      });
    },
    close() {
      closed = true;
      for (const kill of running) kill();
    },
  };
}

async function noSftp(): Promise<never> {
  throw new Problem({ code: 'no-sftp', message: 'Files of this computer are not reached over SFTP.' });
}
