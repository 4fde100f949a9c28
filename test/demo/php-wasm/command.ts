/** The `php` command of demo hosts that have no PHP: PHP in WebAssembly. Usage as PHP's own. */
import { once } from 'node:events';
import { loadPhp } from './runtime.ts';

const php = await loadPhp();
php.chdir(process.cwd());
const environment = Object.fromEntries(
  Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
);
const answer = await php.cli(['php', ...process.argv.slice(2)], { env: environment });
await Promise.all([copy(answer.stdout, process.stdout), copy(answer.stderr, process.stderr)]);
process.exit(await answer.exitCode);

/** Passes everything on, no faster than the other side takes it. */
async function copy(from: ReadableStream<Uint8Array>, to: NodeJS.WriteStream): Promise<void> {
  for await (const chunk of from) {
    if (!to.write(chunk)) await once(to, 'drain');
  }
  if (to.writableLength > 0) await once(to, 'drain');
}
