import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Client } from '../../main/api/index.ts';
import { connectToOwner } from '../../main/shells/terminal/index.ts';

/** The app in a process of its own. */
export interface AppProcess {
  readonly client: Client;
  /** Ends it, as a user does. @returns its exit code */
  close(): Promise<number | null>;
}

/** Starts the app on a folder, with more environment: a disk that fails, say. */
export async function anAppProcess(
  dataFolder: string,
  env: Readonly<Record<string, string>>,
): Promise<AppProcess> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'app-alone.ts'), dataFolder], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const closed = once(child, 'close');
  const first = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  if (first.done === true) throw new Error('the app did not start');
  const owner = await connectToOwner(dataFolder);
  return {
    client: owner.client,
    async close() {
      owner.close();
      child.stdin.end();
      await closed;
      return child.exitCode;
    },
  };
}
