import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take a minute and more: begun first, so that no worker is left alone with one at the end. */
const LONG = [
  'faults',
  'terminal',
  'update',
  'files-only-recover',
  'bad-input',
  'copies',
  'no-watchdog',
  'recover',
  'elsewhere',
  'watchdog',
  'lost',
  'rig',
  'guarded-rollback',
  'hosts',
  'bare-host',
  'repair',
  'forced-rollback',
  'rollback',
  'reading',
  'network',
  'store',
  'files-only',
  'sitting',
  'replaced-laptop',
  'new-laptop',
  'refusals',
  'flips',
  'kills',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.indexOf(path.basename(moduleId, '.test.ts'));
      return at < 0 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        // Electron's binary can't be had everywhere; the desktop shell is tested on a stand-in.
        resolve: {
          alias: { electron: path.resolve(import.meta.dirname, 'test/main/shells/desktop/electron.ts') },
        },
        test: {
          server: { deps: { inline: ['electron-store'] } },
          name: 'unit',
          include: ['test/{main,renderer,house}/**/*.test.ts'],
          // Some start PHP, Chromium's peers or the TypeScript compiler, on machines that have other things to do.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: 'test/integration/bundled.ts',
          // Several at a time on two cores, and one test of the terminal starts some thirty processes: only what hangs is to end by this.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
