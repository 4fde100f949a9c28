/** Looks, after a life, whether all is there; one question in JSON for each line on stdin, an answer for each on stdout. */
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import Conf from 'conf';
import { z } from 'zod';
import { finishMove } from '../../../../../main/backups/move/move.ts';
import { openStoreHome } from '../../../../../main/backups/move/where.ts';
import { keyFile } from '../../../../../main/backups/store/key-file.ts';
import { openStore } from '../../../../../main/backups/store/store.ts';
import type { Snapshot } from '../../../../../main/backups/store/types.ts';
import { confFiles } from '../../../../../main/settings/index.ts';
import { BackupId, Problem } from '../../../../../main/words/index.ts';
import { dumpOf, filesOf } from './content.ts';
import { takeBackup } from './take.ts';

/** What was promised, by what the life said. */
export const Promised = z.object({
  folder: z.string(),
  /** Backups that were committed, with their seeds. */
  committed: z.array(z.tuple([BackupId, z.string()])),
  /** Backups that were removed for good. */
  gone: z.array(BackupId),
  pinned: z.array(BackupId),
  /** Recovery phrases that open the store, and some that do not. */
  phrases: z.object({ open: z.array(z.string()), shut: z.array(z.string()) }),
});
export type Promised = z.infer<typeof Promised>;

const never = new AbortController().signal;
const quietly = () => {};

async function isAsTaken(snapshot: Snapshot, seed: string): Promise<boolean> {
  const [folder] = await snapshot.tree(snapshot.root);
  if (folder?.kind !== 'folder') return false;
  const files = new Map<string, Buffer>();
  for (const entry of await snapshot.tree(folder.tree))
    if (entry.kind === 'file') files.set(entry.name, await buffer(snapshot.read(entry.blobs)));
  const expected = filesOf(seed);
  const dump = await buffer(snapshot.read(snapshot.database?.blobs ?? []));
  return (
    files.size === expected.size &&
    [...expected].every(([name, bytes]) => files.get(name)?.equals(bytes) === true) &&
    dump.equals(dumpOf(seed))
  );
}

/** What is wrong; nothing, if all is well. */
async function wrongIn({ folder, committed, gone, pinned, phrases }: Promised): Promise<string[]> {
  const wrong: string[] = [];
  const home = openStoreHome(
    confFiles(Conf, path.join(folder, 'settings'))('store'),
    path.join(folder, 'disk', 'store'),
    path.join(folder, 'settings'),
  );
  if (committed.length > 0 && !fs.existsSync(path.join(home.folder, 'config.json')))
    return [`no store lies where the settings say: ${home.folder}`];
  const store = await openStore(home.folder, {
    clock: Date.now,
    keeper: keyFile(path.join(folder, 'settings', 'key')),
  });
  const damage = async (when: string) => {
    for (const line of (await store.verify(null, never, quietly)).damage) wrong.push(`${when}: ${line}`);
  };
  try {
    const listed = new Map((await store.list()).map((backup) => [backup.id, backup]));
    for (const [id, seed] of committed) {
      if (!listed.has(id)) wrong.push(`${id} is not listed`);
      else if (!(await isAsTaken(await store.open(id), seed))) wrong.push(`${id} is not as it was taken`);
    }
    for (const id of gone) if (listed.has(id)) wrong.push(`${id} was removed and is there again`);
    for (const id of pinned) if ((listed.get(id)?.pin ?? null) === null) wrong.push(`${id} is not pinned`);
    await damage('found');
    const next = await takeBackup(store, 'the next run');
    await finishMove(home, quietly);
    await store.prune({ dryRun: false }, never, quietly);
    for (const [id, seed] of [...committed, [next, 'the next run'] as const])
      if (!(await isAsTaken(await store.open(id), seed)))
        wrong.push(`${id} is not as it was after the next run`);
    await damage('after the next run');
    for (const name of fs.readdirSync(home.folder, { recursive: true, encoding: 'utf8' }))
      if (path.basename(name).startsWith('.new-')) wrong.push(`${name} was left half written`);
  } finally {
    await store.close();
  }
  for (const phrase of phrases.open)
    if (!(await opens(home.folder, phrase))) wrong.push(`the phrase ${phrase} does not open the store`);
  for (const phrase of phrases.shut)
    if (await opens(home.folder, phrase)) wrong.push(`the phrase ${phrase} still opens the store`);
  return wrong;
}

/** Whether a phrase opens the store on a computer that has not seen it before. */
async function opens(folder: string, phrase: string): Promise<boolean> {
  const keys = new Map<string, string>();
  const store = await openStore(folder, {
    clock: Date.now,
    keeper: { get: async (id) => keys.get(id) ?? null, set: async (id, key) => void keys.set(id, key) },
  });
  try {
    await store.unlock(phrase);
    await store.list();
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'wrong-phrase') return false;
    throw error;
  } finally {
    await store.close();
  }
}

if (process.argv[2] === 'examine')
  for await (const line of createInterface(process.stdin)) {
    const wrong = await wrongIn(Promised.parse(JSON.parse(line))).catch((error: unknown) => [
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    ]);
    console.log(JSON.stringify(wrong));
  }
