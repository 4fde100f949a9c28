import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';

/** The project's folder. */
export const PROJECT = path.resolve(import.meta.dirname, '..', '..');

/** Processes of ours that still run; they are ended when we are. */
const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    process.exitCode = 130;
    // A terminal sends Ctrl-C to the whole group; anybody else tells only us.
    for (const child of running) child.kill(signal);
    if (running.size === 0) process.exit();
  });
}

/**
 * Runs a command in the project's folder with its output on ours, or in a list.
 * @param nice how much less right to the processors than ours it has
 * @returns its exit code; 127 when it could not be started, 128 + n when a signal ended it.
 */
export function run(command, args, options = {}, output = null, nice = 0) {
  return new Promise((resolve) => {
    const stdio = output === null ? 'inherit' : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: PROJECT, stdio, ...options });
    running.add(child);
    if (nice > 0 && child.pid !== undefined) os.setPriority(child.pid, nice);
    child.stdout?.on('data', (bytes) => output.push(bytes));
    child.stderr?.on('data', (bytes) => output.push(bytes));
    const done = (code) => {
      running.delete(child);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      done(127);
    });
    child.on(output === null ? 'exit' : 'close', (code, signal) =>
      done(code ?? (signal === 'SIGINT' ? 130 : 143)),
    );
  });
}

/** Runs a script with the given Node, which is also the first `node` that its own children find. */
export function runNode(node, args, env = {}, output = null, nice = 0) {
  const PATH = [path.dirname(node), process.env.PATH ?? ''].join(path.delimiter);
  // Hundreds of command lines are started by the tests: what Node made of our code is kept for the next.
  const NODE_COMPILE_CACHE = path.join(PROJECT, '.cache', 'node');
  return run(node, args, { env: { ...process.env, PATH, NODE_COMPILE_CACHE, ...env } }, output, nice);
}
