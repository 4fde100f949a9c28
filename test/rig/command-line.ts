import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import type { WordPressOrg } from './wordpress-org.ts';

/** As it was bundled for all tests of one run, or its source. */
const CLI =
  process.env['GROUNDSKEEPER_BUNDLED'] ?? path.resolve(import.meta.dirname, '..', '..', 'main', 'cli.ts');

/** How a command line ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `groundskeeper …` in a process of its own, as a user's terminal or cron starts it. */
export interface CommandLine {
  readonly process: ChildProcess;
  readonly ended: Promise<CommandEnd>;
}

/**
 * Starts a command line. `input` goes to its stdin, `env` is more environment for it. It takes no pictures of pages: starting a browser
 * costs more than all the rest of an update.
 */
export function groundskeeper(
  dataFolder: string,
  org: WordPressOrg | null,
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): CommandLine {
  const child = spawn(process.execPath, [CLI, '--data', dataFolder, ...args], {
    env: {
      ...process.env,
      GROUNDSKEEPER_BROWSER: 'none',
      ...(org === null
        ? {}
        : { GROUNDSKEEPER_WORDPRESS_API: org.api, GROUNDSKEEPER_WORDPRESS_DOWNLOADS: org.downloads }),
      ...env,
    },
  });
  child.stdin.end(input);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<CommandEnd>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  );
  return { process: child, ended };
}

/** Waits until a step of the run that a command line started begins. */
export async function reachStep(
  line: CommandLine,
  dataFolder: string,
  step: string,
  started = Date.now(),
): Promise<void> {
  while (!hasBegun(dataFolder, step, started)) {
    if (line.process.exitCode !== null)
      throw new Error(`it ended before “${step}” began: ${(await line.ended).err}`);
    await pause(5);
  }
}

/** Waits until a step begins, then kills the process as a power cut would. */
export async function killAtStep(...given: Parameters<typeof reachStep>): Promise<void> {
  const [line] = given;
  await reachStep(...given);
  line.process.kill('SIGKILL');
  await line.ended;
}

function hasBegun(dataFolder: string, step: string, after: number): boolean {
  const database = new DatabaseSync(path.join(dataFolder, 'groundskeeper.db'), {
    readOnly: true,
    timeout: 5000,
  });
  try {
    return (
      database
        .prepare('SELECT 1 FROM steps JOIN runs ON runs.id = run_id WHERE created_at >= ? AND name = ?')
        .get(after, step) !== undefined
    );
  } finally {
    database.close();
  }
}
