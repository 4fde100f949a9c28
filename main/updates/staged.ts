import { hashFiles, type FileScripts } from '../backups/index.ts';
import type { Connection } from '../connections/index.ts';
import { Problem, type RemotePath } from '../words/index.ts';

/**
 * Every staged file has to be the package's, before anything is swapped.
 * @param wanted SHA-256 (hex) by path relative to `staged`
 * @param places where they lie below it
 * @throws Problem `stage-damaged`
 */
export async function compareStaged(
  connection: Connection,
  staged: RemotePath,
  wanted: ReadonlyMap<string, string>,
  what: string,
  places: readonly string[],
  { fileScripts, signal }: { readonly fileScripts: FileScripts; readonly signal: AbortSignal },
): Promise<void> {
  if (wanted.size === 0) return;
  const there = await hashFiles(connection, 'sha256', staged, places, { scripts: fileScripts, signal });
  const wrong = [...wanted].filter(([path, sha256]) => there.get(path) !== sha256).map(([path]) => path);
  if (wrong.length > 0) throw stageDamaged(what, wrong);
}

/** What is said where a staged file is not what it has to be. */
export function stageDamaged(what: string, wrong: readonly string[]): Problem {
  return new Problem({
    code: 'stage-damaged',
    message: `What was laid ready for ${what} is not what the package holds. Nothing was swapped.`,
    attempted: 'Compare the staged files with the package',
    answered: wrong.slice(0, 10).join(', '),
    todo: 'Try again; if it happens again, the server’s disk may be full or failing.',
  });
}
