import { rm } from 'node:fs/promises';
import { diskProblem } from './disk-problem.ts';
import { openIndex, type StoreIndex } from './index-db.ts';
import { readPackTable, salvagePack } from './pack.ts';
import type { Marks } from './marks.ts';
import { markOfFile, snapshotFile } from './store-files.ts';
import type { StoreParts } from './verify.ts';

/** Brings the index in line with the packs that are there. */
export async function learnNewPacks(parts: PackParts): Promise<void> {
  const known = new Set(parts.index.packs().map((pack) => pack.name));
  const found = new Set(await parts.packs.names());
  for (const name of found) if (!known.has(name)) await learnPack(parts, name);
  for (const name of known) if (!found.has(name)) parts.index.forgetPack(name);
}

/** Takes the records that are there for those that are to be. @param anew whether those that are missing are forgotten */
export async function learnRecords(
  { index, snapshots }: Pick<StoreParts, 'index' | 'snapshots'>,
  marks: Pick<Marks, 'files'>,
  anew: boolean,
): Promise<void> {
  const there = new Set([...(await snapshots.ids()).map(snapshotFile), ...marks.files()]);
  const known = new Set(index.records());
  for (const name of there) if (!known.has(name)) index.expectRecord(name);
  for (const name of known) {
    // A crash may have come between a mark and the end of the one before.
    const mark = markOfFile(name);
    const replaced = mark !== null && marks.files().some((one) => markOfFile(one)?.backup === mark.backup);
    if (!there.has(name) && (anew || replaced)) index.forgetRecord(name);
  }
}

type PackParts = Pick<StoreParts, 'keys' | 'index' | 'packs'>;

/** Takes a pack that a crash or a lost index left unknown into the index. A damaged one gives what is still whole in it. */
export async function learnPack({ keys, index, packs }: PackParts, name: string): Promise<void> {
  const size = await packs.size(name);
  const read = (offset: number, length: number) => packs.read(name, offset, length);
  const { salt, places } = await readPackTable(name, size, keys, read).catch(async () =>
    salvagePack(keys, await read(0, size)),
  );
  index.add({ name, size, salt }, places);
}

/** The index is a cache: one that is damaged, or of another version, is made anew. */
export async function openOrRemakeIndex(file: string): Promise<StoreIndex> {
  try {
    return openIndex(file);
  } catch (error) {
    // A disk that is full or away is no damage.
    if (diskProblem(error, file) !== error) throw error;
    for (const suffix of ['', '-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
    return openIndex(file);
  }
}
