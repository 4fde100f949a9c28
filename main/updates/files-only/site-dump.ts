import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { databaseIn, sendOverSftp, type Snapshot } from '../../backups/index.ts';
import { joinRemote, Problem, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import type { JournaledPart } from '../run-plan.ts';
import type { DumpToRestore } from './by-php.ts';
import { contentOf, makeFolders, withFiles } from './over-sftp.ts';

type SiteDump = NonNullable<JournaledPart['dump']>;

/**
 * Lays the dump of a backup, packed, into the run's folder on the site, where a run with a shell has its own: with it another computer can
 * bring the site back. The private folder is outside the web root and open to its account alone.
 */
export async function layDump(
  hands: Hands,
  snapshot: Snapshot,
  runFolder: RemotePath,
  number: number,
): Promise<SiteDump> {
  const database = databaseIn(snapshot);
  const folder = joinRemote(runFolder, 'dump');
  const file = joinRemote(folder, `${number}.gz`);
  await withFiles(hands, async (files) => {
    await makeFolders(files, folder, 0o700);
    await files.remove(file);
    const packed = Readable.from(snapshot.read(database.blobs)).pipe(createGzip());
    const stat = { size: null, mode: 0o600, mtime: Math.floor(Date.now() / 1000) };
    await sendOverSftp(files, file, { ...stat, content: packed }, hands.signal, () => {});
  });
  return { file, tables: database.tables.map(({ name }) => name) };
}

/** Works with a dump that lies on a site. @throws Problem `dump-gone` */
export async function withLaidDump<T>(
  hands: Hands,
  { file, tables }: SiteDump,
  work: (dump: DumpToRestore) => Promise<T>,
): Promise<T> {
  return withFiles(hands, async (files) => {
    const stat = await files.lstat(file);
    if (stat === null)
      throw new Problem({
        code: 'dump-gone',
        message: 'The dump of the database that was taken before the update is not there any more.',
        answered: file,
        todo: 'Restore the database from the backup that was taken before the update.',
      });
    const { size } = stat;
    return work({ tables, content: () => unpacked(contentOf(files, file, size)) });
  });
}

async function* unpacked(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  const source = Readable.from(packed);
  const plain = source.pipe(createGunzip());
  source.on('error', (error) => plain.destroy(error));
  for await (const chunk of plain) yield Buffer.from(chunk);
}
