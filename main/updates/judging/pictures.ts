import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem, type RunId } from '../../words/index.ts';

/** One page of a browser, by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/). */
export interface DevTools {
  send(method: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Only after this are events told. */
  on(event: string, listener: (parameters: unknown) => void): void;
  close(): Promise<void>;
}

/** What judging needs to take pictures: a browser without any network of its own, with a profile that is thrown away. */
export interface Browser {
  /** null: there is none, or it does not start. */
  open(signal: AbortSignal): Promise<DevTools | null>;
}

/** Pictures of pages, as runs keep them. */
export interface Pictures {
  readonly browser: Browser;
  keep(runId: RunId, name: string, png: Buffer): Promise<void>;
  /** @throws Problem `no-picture` */
  read(runId: RunId, name: string): Promise<Buffer>;
}

const NAME = /^[a-z0-9-]{1,40}\.png$/;
const RUN = /^[A-Za-z0-9_-]{1,60}$/;
/** How many runs' pictures are kept. */
const MOST_RUNS = 200;

/** The pictures in a folder, one folder for each run; those of the oldest runs go. */
export function openPictures(folder: string, browser: Browser): Pictures {
  const placeOf = (runId: RunId, name: string): string => {
    if (!NAME.test(name) || !RUN.test(runId)) throw noPicture(name);
    return join(folder, runId, name);
  };
  return {
    browser,
    async keep(runId, name, png) {
      const file = placeOf(runId, name);
      await mkdir(join(folder, runId), { recursive: true, mode: 0o700 });
      await writeFile(file, png, { mode: 0o600 });
      await thin(folder);
    },
    async read(runId, name) {
      const file = placeOf(runId, name);
      return readFile(file).catch((error: unknown) => {
        throw noPicture(name, error);
      });
    },
  };
}

async function thin(folder: string): Promise<void> {
  const runs = await readdir(folder);
  if (runs.length <= MOST_RUNS) return;
  const aged = await Promise.all(
    runs.map(async (run) => ({
      run,
      at: await stat(join(folder, run)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    })),
  );
  aged.sort((one, other) => other.at - one.at);
  for (const { run } of aged.slice(MOST_RUNS)) await rm(join(folder, run), { recursive: true, force: true });
}

function noPicture(name: string, cause?: unknown): Problem {
  return new Problem(
    {
      code: 'no-picture',
      message: 'This picture is not kept any more.',
      answered: name,
      todo: 'Pictures of the newest 200 runs are kept.',
    },
    cause,
  );
}
