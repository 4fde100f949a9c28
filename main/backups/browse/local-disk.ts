import { lstatSync } from 'node:fs';
import { Problem, wordsOf } from '../../words/index.ts';

/** Nothing of the user's is overwritten. @throws Problem `exists` */
export function refuseExisting(target: string): void {
  if (lstatSync(target, { throwIfNoEntry: false })) {
    throw new Problem({
      code: 'exists',
      message: `${target} is there already, and is not overwritten.`,
      todo: 'Choose another name, or an empty folder.',
    });
  }
}

/** What this computer's disk says, in words; anything else as it is. */
export function localProblem(error: unknown, target: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOSPC') {
    return new Problem(
      {
        code: 'disk-full',
        message: 'The disk of this computer is full.',
        attempted: `Write ${target}`,
        answered: wordsOf(error),
        todo: 'Free some space, then try again.',
      },
      error,
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new Problem(
      {
        code: 'cannot-write',
        message: `${target} cannot be written.`,
        attempted: `Write ${target}`,
        answered: wordsOf(error),
        todo: 'Choose a folder of your own.',
      },
      error,
    );
  }
  return error;
}
