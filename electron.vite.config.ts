import path from 'node:path';
import { defineConfig } from 'electron-vite';
import renderer from './renderer/vite.config.ts';

const here = import.meta.dirname;
const doors = ['desktop', 'web', 'cli'];
/** Run in threads, so each is a file of its own beside the doors. */
const threads = {
  'pack-worker': 'backups/store/pack-worker.ts',
  'store-thread': 'backups/store/thread/store-thread.ts',
};

/** Three bundles: the doors of main/, the preload, the renderer. Builds without the Electron binary. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rolldownOptions: {
        input: {
          ...Object.fromEntries(doors.map((name) => [name, path.join(here, 'main', `${name}.ts`)])),
          ...Object.fromEntries(
            Object.entries(threads).map(([name, file]) => [name, path.join(here, 'main', file)]),
          ),
        },
        // Only `--dev` asks for Vite, and only a checkout has it.
        external: ['vite', 'electron'],
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      // A sandboxed preload can't be an ES module.
      rolldownOptions: {
        input: { preload: path.join(here, 'preload', 'preload.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  // This file is bundled before it runs, so the renderer's own folder has to be said again.
  renderer: {
    ...renderer,
    root: path.join(here, 'renderer'),
    build: {
      ...renderer.build,
      outDir: path.join(here, 'out', 'renderer'),
      rolldownOptions: { input: path.join(here, 'renderer', 'index.html') },
    },
  },
});
