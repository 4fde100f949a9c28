import { appendFileSync, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './runs/index.ts';
import { asProblem } from './words/index.ts';

/** What happened, for whoever has to find out why: `log/groundskeeper.log` in the data folder, a line of JSON each. */
export interface Log {
  /** A run ended. Its own log is in the journal; here stands how it ended. */
  ended(run: Run): void;
  /** Something was thrown that nobody expected. */
  defect(thrown: unknown, where: string): void;
}

const LARGEST = 5 * 1024 * 1024;
const KEPT = 3;

/** Opens the log; one that has grown large is set aside, three of those are kept. Secrets never reach it: problems hold none. */
export function openLog(dataFolder: string): Log {
  const folder = join(dataFolder, 'log');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'groundskeeper.log');
  if (existsSync(file) && statSync(file).size > LARGEST) {
    for (let number = KEPT - 1; number > 0; number -= 1) {
      if (existsSync(`${file}.${number}`)) renameSync(`${file}.${number}`, `${file}.${number + 1}`);
    }
    renameSync(file, `${file}.1`);
  }
  // Opened for each line: a run's end is rare, and nothing is held open on a disk that may be full or going away.
  const write = (line: Record<string, unknown>) => {
    try {
      appendFileSync(
        file,
        `${JSON.stringify({ time: new Date().toISOString(), pid: process.pid, ...line })}\n`,
        { mode: 0o600 },
      );
    } catch {
      // A log that cannot be written is no reason to fail.
    }
  };
  return {
    ended: ({ id, kind, siteId, state, summary, problem }) =>
      write({ run: id, kind, site: siteId, state, summary, problem }),
    defect: (thrown, where) => write({ where, problem: asProblem(thrown).toJSON() }),
  };
}
