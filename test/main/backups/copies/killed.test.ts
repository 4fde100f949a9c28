import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import Conf from 'conf';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fetchStore } from '../../../../main/backups/copies/bring-back.ts';
import { folderPlace } from '../../../../main/backups/copies/folder-place.ts';
import { finishMove, keyFile, openMovableStore, openStoreHome } from '../../../../main/backups/index.ts';
import { confFiles } from '../../../../main/settings/index.ts';
import { aTempFolder, type TempFolder } from '../../../rig/index.ts';
import { never, quietly } from '../../samples.ts';

let temp: TempFolder;
beforeEach(() => {
  temp = aTempFolder('killed');
});
afterEach(() => temp.remove());

/** How often it is killed; more of it by hand: `KILLS=100`. */
const ROUNDS = Number(process.env['KILLS'] ?? 6);
const CHILD = path.join(import.meta.dirname, 'crash-child.ts');

/** Lets the child work until so many lines came, and then so many milliseconds more; answers the backups it committed. */
async function killedAfter(lines: number, millis: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, temp.path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const committed: string[] = [];
  let seen = 0;
  const ended = new Promise((resolve) => child.on('close', resolve));
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('+')) committed.push(line.slice(1));
    seen += 1;
    if (seen === lines) setTimeout(() => child.kill('SIGKILL'), millis);
  }
  await ended;
  return committed;
}

const keeper = () => keyFile(path.join(temp.path, 'key'));

/** Opens the store where the settings say it is, and reads all of it. */
async function storeIsWhole(committed: ReadonlySet<string>): Promise<void> {
  const home = openStoreHome(confFiles(Conf, temp.path)('store'), path.join(temp.path, 'store'));
  const store = await openMovableStore(home.folder, { clock: Date.now, keeper: keeper() }, home.chosen);
  const ids = new Set((await store.list()).map(({ id }) => id as string));
  expect([...committed].filter((id) => !ids.has(id))).toEqual([]);
  expect((await store.verify(null, never, quietly)).damage).toEqual([]);
  await finishMove(home, quietly);
  await store.close();
}

/** Whatever is recorded in the copy can be brought back in full. */
async function copyIsWhole(): Promise<number> {
  const into = path.join(temp.path, 'back');
  fs.rmSync(into, { recursive: true, force: true });
  await fetchStore(folderPlace(path.join(temp.path, 'copy'), never), into, never, quietly, quietly);
  const store = await openMovableStore(into, { clock: Date.now, keeper: keeper() }, true);
  const { backups, damage } = await store.verify(null, never, quietly);
  expect(damage).toEqual([]);
  await store.close();
  return backups;
}

it(
  'killed at any point of an update and a move, store and copy are whole, and it goes on',
  { timeout: 60_000 + ROUNDS * 10_000 },
  async () => {
    const committed = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      // Different points: after different words of the child, and a random while later.
      for (const id of await killedAfter(2 + (round % 3), Math.random() * 60)) committed.add(id);
      await storeIsWhole(committed);
    }
    expect(committed.size).toBeGreaterThanOrEqual(ROUNDS);
    expect(await copyIsWhole()).toBeGreaterThan(0);
  },
);
