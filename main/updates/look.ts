import { runOk, scriptFile, type Connection } from '../connections/index.ts';
import { Problem, type RemotePath } from '../words/index.ts';
import { signOfLife, type SignOfLife } from './foreign-run.ts';
import type { UpdateScripts } from './remote.ts';

/** What look.sh found. */
export interface Look {
  readonly sameDevice: boolean;
  readonly writable: boolean;
  /** KiB, also by the account's quota; null where nobody says. */
  readonly freeKib: number | null;
  readonly notWritable: readonly string[];
  readonly links: readonly string[];
  readonly otherDevice: readonly string[];
  readonly versionControl: readonly string[];
  readonly missingTools: readonly string[];
  /** Files that can still be made there; null where that is not said. */
  readonly freeFiles: number | null;
  /** What cannot be copied. */
  readonly unreadable: readonly string[];
  /** What belongs to another account. */
  readonly foreignOwner: readonly string[];
  readonly immutable: readonly string[];
  /** The folder of a deployment that the root leads to; null: it is none. */
  readonly deployed: string | null;
  /** Programs that change the site's files just now, and locks of such. */
  readonly atWork: readonly string[];
  readonly maintenance: 'none' | 'ours' | 'foreign';
  readonly lockedBy: string | null;
  /** When whoever holds the lock gave a sign of life; null: never, or it cannot be told. */
  readonly alive: SignOfLife | null;
}

/** Looks at the site and at a private folder, and writes nothing. */
export async function look(
  connection: Connection,
  scripts: UpdateScripts,
  question: {
    root: RemotePath;
    privateFolder: RemotePath;
    parents: readonly string[];
    targets: readonly string[];
  },
  signal: AbortSignal,
): Promise<Look> {
  const script = scriptFile(scripts.look, {
    root: question.root,
    private: question.privateFolder,
    parents: question.parents.join('\n'),
    targets: question.targets.join('\n'),
  });
  const output = (
    await runOk(connection, script, {
      attempted: 'Look at the site before the update',
      signal,
      timeLimit: 120_000,
    })
  ).toString('utf8');
  const said = output
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const);
  const all = (key: string) => said.filter(([name]) => name === key).map(([, value]) => value);
  if (all('end').length === 0)
    throw new Problem({
      code: 'unreadable-answer',
      message: 'The site’s answer could not be understood.',
      answered: output,
    });
  const least = (...keys: readonly string[]) => {
    const numbers = keys.flatMap(all).filter((text) => /^\d+$/.test(text));
    return numbers.length === 0 ? null : Math.min(...numbers.map(Number));
  };
  const [flag] = all('maintenance');
  return {
    sameDevice: all('same-device').length > 0,
    writable: all('private-writable').length > 0,
    freeKib: least('free', 'quota-free'),
    freeFiles: least('inodes', 'quota-files'),
    unreadable: all('unreadable'),
    foreignOwner: all('foreign-owner'),
    immutable: [...new Set(all('immutable'))],
    deployed: all('deployed')[0] ?? null,
    atWork: [...new Set(all('at-work'))],
    notWritable: [...new Set(all('not-writable'))],
    links: all('link'),
    otherDevice: all('other-device'),
    versionControl: [...new Set(all('version-control'))],
    missingTools: all('missing-tool'),
    maintenance: flag === 'ours' || flag === 'foreign' ? flag : 'none',
    lockedBy: all('locked')[0] ?? null,
    alive: signOfLife(all('alive')[0] ?? ''),
  };
}
