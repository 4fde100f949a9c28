import fs from 'node:fs';
import { getPHPLoaderModule } from '@php-wasm/node-8-4';
import { loadPHPRuntime, PHP } from '@php-wasm/universal';

/** Emscripten's own: devices and processes are not to be had from the machine. */
const NOT_OURS = new Set(['dev', 'proc', 'sys', 'internal', 'lost+found']);

/** Loads PHP 8.4 in WebAssembly with the machine's files at their usual paths. */
export async function loadPhp(): Promise<PHP> {
  // PHP reads its standard input as Emscripten asks for it, byte by byte.
  const runtime = await loadPHPRuntime(await getPHPLoaderModule(), { ENV: {}, stdin: standardInput() });
  const php = new PHP(runtime);
  for (const entry of fs.readdirSync('/', { withFileTypes: true })) {
    if (!entry.isDirectory() || NOT_OURS.has(entry.name)) continue;
    const folder = `/${entry.name}`;
    php.mkdir(folder);
    await php.mount(folder, (_php, FS, at) => {
      FS.mount(FS.filesystems.NODEFS, { root: folder }, at);
      return () => FS.unmount(at);
    });
  }
  return php;
}

function standardInput(): () => number | null {
  let bytes: Buffer | null = null;
  let position = 0;
  return () => {
    bytes ??= fs.readFileSync(0);
    const byte = bytes[position];
    position += 1;
    return byte ?? null;
  };
}
