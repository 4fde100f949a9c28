import { hashFiles, hashThese } from '../backups/index.ts';
import { Problem } from '../words/index.ts';
import type { Hands } from './hands.ts';

/** How many names are quoted of files that are not as they should be. */
const QUOTED = 10;

/**
 * Compares files of the site one by one with what they have to be, after they were put in their places.
 * @param wanted SHA-256 (hex) by path relative to the root
 * @throws Problem `not-in-place` naming those that differ
 */
export async function compareInPlace(hands: Hands, wanted: ReadonlyMap<string, string>): Promise<void> {
  const differing = await differingInPlace(hands, wanted);
  if (differing.length === 0) return;
  throw new Problem({
    code: 'not-in-place',
    message: 'Files on the site are not what was put there.',
    attempted: 'Compare each file that was put in its place',
    answered: `${differing.slice(0, QUOTED).join(', ')}${differing.length > QUOTED ? ` and ${differing.length - QUOTED} more` : ''}`,
    todo: 'Somebody may be changing the site just now, or the server’s disk may be failing. Try again.',
  });
}

/** The paths, relative to the root, whose files are not what they have to be, or not there. */
export async function differingInPlace(hands: Hands, wanted: ReadonlyMap<string, string>): Promise<string[]> {
  if (wanted.size === 0) return [];
  const { site, signal } = hands;
  const options = { scripts: hands.scripts.files, signal };
  const paths = [...wanted.keys()];
  const found = await hands.on(
    async (connection) =>
      (await hashThese(connection, site.root, paths, options)) ??
      // Where the server takes no list of names, by the folders that they lie in.
      (await hashFiles(connection, 'sha256', site.root, topsOf(paths), options)),
  );
  return paths.filter((path) => found.get(path) !== wanted.get(path));
}

function topsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.split('/').slice(0, 3).join('/')))];
}
