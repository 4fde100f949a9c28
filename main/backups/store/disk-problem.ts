import { isAbort, Problem, wordsOf } from '../../words/index.ts';
import { unwritable } from './durable.ts';

/** SQLite's result codes that are about the disk (https://sqlite.org/rescode.html), as the system's. */
const OF_SQLITE: Readonly<Record<number, string>> = {
  8: 'EROFS',
  10: 'EIO',
  13: 'ENOSPC',
  14: 'EIO',
};
/** What a disk says that takes nothing. */
const REFUSES = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM', 'EFBIG']);

/** What the system or SQLite calls an error; empty: neither did. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // The lower byte is the code itself, the rest says more of it.
  if ('errcode' in error && typeof error.errcode === 'number') return OF_SQLITE[error.errcode & 0xff] ?? '';
  return 'syscall' in error && 'code' in error ? String(error.code) : '';
}

/** An error of the disk that the store is on, in words; everything else as it is. @returns Problem `disk-full`, `store-unwritable`, `store-unreadable` */
export function diskProblem(error: unknown, folder: string): unknown {
  const code = codeOf(error);
  if (error instanceof Problem || isAbort(error) || code === '') return error;
  if (REFUSES.has(code)) return unwritable(folder, error);
  return new Problem(
    {
      code: 'store-unreadable',
      message: 'The disk that holds the backups does not answer as it should.',
      attempted: `Use the backup store in ${folder}`,
      answered: wordsOf(error),
      todo: 'Check that the disk is there and well, then try again and verify the backups.',
    },
    error,
  );
}
