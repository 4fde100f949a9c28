import path from 'node:path';
import { build } from 'vite';

const PROJECT = path.resolve(import.meta.dirname, '..', '..');
/** The store's threads, which have to lie beside what starts them. */
const THREADS = {
  'pack-worker': 'main/backups/store/pack-worker.ts',
  'store-thread': 'main/backups/store/thread/store-thread.ts',
};

/**
 * Makes of our code, and of what it uses, a few files: a process that loads some 1,400 of them takes half of its time for that.
 * @param inputs the programs' sources by their names, relative to the project
 * @param into a folder inside the project where packages are left outside, else anywhere
 * @param outside packages that are left where they are: those with native code, or that are loaded only now and then
 */
export async function bundle(
  inputs: Readonly<Record<string, string>>,
  into: string,
  outside: readonly string[] = [],
): Promise<void> {
  await build({
    configFile: false,
    root: PROJECT,
    logLevel: 'error',
    ssr: { noExternal: true, external: [...outside] },
    build: {
      ssr: true,
      outDir: into,
      minify: false,
      target: 'node24',
      rolldownOptions: {
        input: Object.fromEntries(
          Object.entries({ ...inputs, ...THREADS }).map(([name, file]) => [name, path.join(PROJECT, file)]),
        ),
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}
