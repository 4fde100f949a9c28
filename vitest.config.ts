import path from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Much of a test on real servers is waiting; more at once than two would only wait for the processor.
    maxWorkers: 2,
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
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
