import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { extractAll, listPackage } from '@electron/asar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import YAML from 'yaml';
import { z } from 'zod';
import { ensureBuilt } from '../../../setup/built.ts';

const PROJECT = path.resolve(import.meta.dirname, '../../../..');
const run = promisify(execFile);
const Config = z.looseObject({
  directories: z.looseObject({}),
  electronFuses: z.record(z.string(), z.boolean()),
});

let folder: string;
let config: z.infer<typeof Config>;
let files: string[];
let asar: string;

/** Packs what would be shipped, around a stand-in for Electron's binary, which cannot be had everywhere. */
beforeAll(async () => {
  ensureBuilt();
  folder = await mkdtemp(path.join(os.tmpdir(), 'groundskeeper-package-'));
  const electronDist = path.join(folder, 'electron');
  await mkdir(path.join(electronDist, 'resources'), { recursive: true });
  await writeFile(path.join(electronDist, 'electron'), '#!/bin/sh\n');
  await chmod(path.join(electronDist, 'electron'), 0o755);
  await writeFile(path.join(electronDist, 'version'), '45.4.1');
  for (const licence of ['LICENSE', 'LICENSES.chromium.html'])
    await writeFile(path.join(electronDist, licence), '');

  config = Config.parse(YAML.parse(await readFile(path.join(PROJECT, 'electron-builder.yml'), 'utf8')));
  // Fuses are flipped in the real binary only.
  const { electronFuses: _fuses, ...rest } = config;
  const file = path.join(folder, 'builder.json');
  const output = path.join(folder, 'dist');
  await writeFile(
    file,
    JSON.stringify({ ...rest, directories: { ...rest.directories, output }, electronDist }),
  );
  const builder = path.join(PROJECT, 'node_modules/electron-builder/out/cli/cli.js');
  await run(process.execPath, [builder, '--linux', 'dir', '--x64', '--config', file], {
    cwd: PROJECT,
    maxBuffer: 1e8,
  });
  asar = path.join(output, 'linux-unpacked', 'resources', 'app.asar');
  files = listPackage(asar, { isPack: false });
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('holds the three doors, the preload, the renderer, and what runs on sites', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        '/package.json',
        '/out/main/desktop.js',
        '/out/main/web.js',
        '/out/main/cli.js',
        '/out/main/pack-worker.js',
        '/out/main/store-thread.js',
        '/out/preload/preload.cjs',
        '/out/renderer/index.html',
        '/resources/platforms/wordpress/platform.yaml',
        '/resources/platforms/wordpress/read.php',
        '/resources/updates/swap.sh',
        '/resources/updates/turn.sh',
        '/resources/updates/watchdog.sh',
        '/resources/updates/lint.sh',
        '/resources/icons/tray/trayTemplate@2x.png',
        '/resources/icons/tray/trouble-many.png',
      ]),
    );
  });

  it('holds no tests, sources, development packages or maps', () => {
    const strangers = files.filter(
      (file) =>
        /^\/(test|main|renderer|preload|docs|\.)/.test(file) ||
        /\.(map|ts)$/.test(file) ||
        /^\/node_modules\/(electron|vite|vitest|svelte|typescript|eslint|@playwright|@php-wasm|bits-ui|node)(\/|$)/.test(
          file,
        ),
    );
    expect(strangers).toEqual([]);
  });

  it('is complete: unpacked elsewhere, without this checkout, it starts and serves', async () => {
    const elsewhere = path.join(folder, 'elsewhere');
    extractAll(asar, elsewhere);
    await cp(`${asar}.unpacked`, elsewhere, { recursive: true, force: true }).catch(() => {});
    const cli = async (...args: string[]): Promise<unknown> => {
      const door = path.join(elsewhere, 'out/main/cli.js');
      const { stdout } = await run(process.execPath, [
        door,
        '--data',
        path.join(folder, 'data'),
        '--json',
        ...args,
      ]);
      return JSON.parse(stdout);
    };
    expect(await cli('sites', 'list')).toEqual([]);
    // The store's threads are a file of their own, which has to be found there too.
    const site = path.join(folder, 'site');
    await mkdir(site);
    await writeFile(path.join(site, 'index.html'), '<p>hello</p>');
    const where = ['--local', '--root', site, '--platform', 'files', '--url', 'http://127.0.0.1/'];
    await cli('sites', 'add', 'Folder', ...where);
    await cli('backup', 'Folder');
    expect(await cli('backups', 'list')).toMatchObject([
      { files: 1, verifiedAt: expect.any(Number) as number },
    ]);
  }, 60_000);

  it('burns the fuses that keep others from using its binary', () => {
    expect(config.electronFuses).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    });
  });
});
