#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { dataFolderOf, findInstalled } from './installed.ts';
import { openHeadless } from './open-headless.ts';
import { serve } from './serve.ts';
import { connectToOwner, runTerminal } from './shells/terminal/index.ts';
import { Problem } from './words/index.ts';

const installed = findInstalled();

const code = await runTerminal(process.argv.slice(2), {
  version: installed.version,
  streams: process,
  async open(data) {
    const dataFolder = dataFolderOf(data, process.env);
    try {
      const app = await openHeadless({ dataFolder, shell: 'terminal', stays: false });
      return { client: app.client, close: () => app.close() };
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'already-running') throw error;
      const owner = await connectToOwner(dataFolder);
      return { client: owner.client, close: async () => owner.close() };
    }
  },
  serve: (data, port, out) =>
    serve({ dataFolder: dataFolderOf(data, process.env), port, dev: false, say: (line) => out.say(line) }),
  async demo(args) {
    if (!installed.isCheckout) {
      throw new Problem({
        code: 'no-demo',
        message: 'The demo fleet comes with the source checkout.',
        todo: 'Clone the project, then `npm run demo`.',
      });
    }
    const child = spawn(process.execPath, [join(installed.root, 'test', 'demo', 'demo.ts'), ...args], {
      stdio: 'inherit',
    });
    return new Promise((resolve) => child.on('exit', (ended) => resolve(ended ?? 1)));
  },
});
process.exitCode = code;
