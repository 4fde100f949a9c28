import { basename } from 'node:path';
import { Problem, wordsOf } from '../../words/index.ts';
import { decodeSnapshot } from './snapshots.ts';
import { inspectMark } from './marks.ts';
import { backupOfFile, isPack, markOfFile, type StoreFile } from './store-files.ts';
import type { StoreParts } from './verify.ts';

/**
 * Whether these bytes are a whole pack, or a backup's whole record or mark, of this store: every byte is looked at.
 * @returns what is wrong with them; null: nothing
 */
export async function inspectFile(
  { keys, workers }: Pick<StoreParts, 'keys' | 'workers'>,
  name: StoreFile,
  bytes: Uint8Array,
): Promise<string | null> {
  const backup = backupOfFile(name);
  if (backup !== null) {
    try {
      decodeSnapshot(keys, backup, Buffer.from(bytes));
      return null;
    } catch (error) {
      return `the record is damaged: ${wordsOf(error)}`;
    }
  }
  const mark = markOfFile(name);
  if (mark !== null) return inspectMark(keys, mark.backup, Buffer.from(bytes));
  if (!isPack(name))
    throw new Problem({ code: 'not-a-store-file', message: `${name} is no file of a store.` });
  const pack = basename(name, '.pack');
  const { bad, whole } = await workers.check({
    file: name,
    name: pack,
    salt: new Uint8Array(32),
    places: [],
    bytes: new Uint8Array(bytes),
  });
  return whole ?? bad[0]?.[1] ?? null;
}
