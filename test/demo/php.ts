import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { startServer } from '../rig/commands.ts';
import { phpSettings, startPhp } from '../rig/php.ts';
import { answersOn } from '../rig/ports.ts';
import type { RunPhp } from '../rig/wordpress-install.ts';

/** The PHP of the demo hosts: the machine's, or PHP in WebAssembly. */
export interface DemoPhp {
  /** For people, such as `PHP 8.2.29 of this computer`. */
  readonly name: string;
  /** A folder of commands that goes before the PATH of demo hosts; null when theirs is the machine's. */
  readonly commands: string | null;
  readonly run: RunPhp;
  /** Serves a folder at a port of 127.0.0.1. */
  serve(root: string, port: number, errorLog: string): Promise<{ stop(): Promise<void> }>;
}

/** What WordPress on SQLite asks of PHP. */
const EXTENSIONS = ['pdo_sqlite', 'mysqli', 'dom', 'mbstring', 'zip'];

/** Takes the machine's PHP where it can run WordPress on SQLite, else PHP in WebAssembly. */
export function findPhp(folder: string): DemoPhp {
  const asked = spawnSync(
    'php',
    ['-r', 'echo PHP_VERSION, "\\n", implode("\\n", get_loaded_extensions());'],
    {
      encoding: 'utf8',
    },
  );
  const [version = '', ...loaded] = asked.status === 0 ? asked.stdout.toLowerCase().split('\n') : [];
  const fits = EXTENSIONS.every((extension) => loaded.includes(extension));
  return fits && process.env.GROUNDSKEEPER_DEMO_PHP !== 'wasm' ? machinePhp(version) : wasmPhp(folder);
}

function machinePhp(version: string): DemoPhp {
  return {
    name: `PHP ${version} of this computer`,
    commands: null,
    run: (script, args) => runToEnd('php', [...phpSettings('/dev/null'), script, ...args]),
    serve: (root, port, errorLog) => startPhp({ root, port, errorLog }),
  };
}

function wasmPhp(folder: string): DemoPhp {
  const command = path.join(import.meta.dirname, 'php-wasm', 'command.ts');
  const server = path.join(import.meta.dirname, 'php-wasm', 'server.ts');
  const commands = path.join(folder, 'commands');
  fs.mkdirSync(commands, { recursive: true });
  const shim = `#!/bin/sh\nexec "${process.execPath}" --no-warnings "${command}" "$@"\n`;
  fs.writeFileSync(path.join(commands, 'php'), shim, { mode: 0o755 });
  return {
    name: 'PHP 8.4 in WebAssembly',
    commands,
    run: (script, args) => runToEnd(path.join(commands, 'php'), [script, ...args]),
    serve: (root, port, errorLog) =>
      startServer(process.execPath, ['--no-warnings', server, root, String(port), errorLog], () =>
        answersOn(port),
      ),
  };
}

async function runToEnd(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${code ?? 'a signal'}:\n${err}${out}`);
  return out;
}
