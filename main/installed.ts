import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import envPaths from 'env-paths';
import { z } from 'zod';
import { readJson } from './words/index.ts';

/** Where this installation's own files are: a checkout, or the packaged app. */
export interface Installed {
  readonly root: string;
  readonly version: string;
  readonly resourcesFolder: string;
  readonly rendererFolder: string;
  /** Whether this is a checkout with its sources and tests. */
  readonly isCheckout: boolean;
}

/** Found by the package.json above this file, which is where it is in a checkout and in the bundle alike. */
export function findInstalled(): Installed {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json'))) {
    const up = dirname(root);
    if (up === root) throw new Error('package.json is nowhere above this file');
    root = up;
  }
  const { version } = readJson(
    z.object({ version: z.string() }),
    readFileSync(join(root, 'package.json'), 'utf8'),
  );
  return {
    root,
    version,
    resourcesFolder: join(root, 'resources'),
    rendererFolder: join(root, 'out', 'renderer'),
    isCheckout: existsSync(join(root, 'test', 'demo')),
  };
}

/** The data folder: given, from `GROUNDSKEEPER_DATA`, or where this system keeps such things. */
export function dataFolderOf(given: string | undefined, environment: NodeJS.ProcessEnv): string {
  return given ?? environment['GROUNDSKEEPER_DATA'] ?? envPaths('Groundskeeper', { suffix: '' }).data;
}
