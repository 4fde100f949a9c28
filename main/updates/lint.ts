import { runOk, scriptFile } from '../connections/index.ts';
import { Problem, type RemotePath } from '../words/index.ts';
import type { Hands } from './hands.ts';
import type { Part, TreeDiff } from './part.ts';
import { mainFileOf } from './package-check.ts';
import type { SwapItem } from './remote.ts';

/** Characters of what PHP says of a file that are kept. */
export const MOST_SAID = 300;

/** A file of a new version that the site's PHP cannot read. */
export interface Unreadable {
  /** `worse`: it could read the one that is in place now. `new`: nothing is. `before`: it cannot read that either. */
  readonly kind: 'worse' | 'new' | 'before';
  readonly path: string;
  readonly said: string;
}

/** A tree that was staged, and which of its files PHP is to read. */
export interface ToLint {
  readonly tree: TreeDiff;
  /** Where the one lies that it takes the place of, and where it lies itself. */
  readonly live: RemotePath;
  readonly staged: RemotePath;
  /** Relative to the tree; the most important one first. */
  readonly names: readonly string[];
}

/** The site's PHP, however it is asked to read files without running them. */
export interface Linter {
  /** What is done with it, in words. */
  readonly attempted: string;
  /** @returns what it cannot read; null where there is no PHP to ask */
  read(what: ToLint): Promise<Unreadable[] | null>;
}

/**
 * Has the site's PHP read what a new version changes, before it is swapped in. What is odd, and stands in nobody's way, is told.
 * @param items what was staged for the part, in any order
 * @throws Problem `broken-release` when PHP cannot read a file that it has to run
 */
export async function lintStaged(
  linter: Linter,
  part: Part,
  items: readonly SwapItem[],
  root: string,
  tell: (words: string) => void,
): Promise<void> {
  const found: Unreadable[] = [];
  const { component, release } = part.update;
  const entry = component.kind === 'core' ? null : mainFileOf(component);
  for (const tree of part.folders) {
    const item = items.find(({ live }) => live === `${root}/${tree.folder}`);
    if (item?.staged === null || item === undefined) continue;
    // A name with a newline in it would be two.
    const names = [...tree.changed, ...tree.added].filter((name) => /^[^\n]+\.php$/.test(name));
    if (entry !== null && names.includes(entry)) names.unshift(...names.splice(names.indexOf(entry), 1));
    if (names.length === 0) continue;
    const unreadable = await linter.read({ tree, live: item.live, staged: item.staged, names });
    if (unreadable === null) {
      tell(`There is no PHP that could read ${component.name} beforehand.`);
      return;
    }
    found.push(...unreadable);
  }
  const fatal = found.filter(({ kind, path }) => kind === 'worse' || (kind === 'new' && path === entry));
  if (fatal.length > 0)
    throw new Problem({
      code: 'broken-release',
      message: `${component.name} ${release.version} cannot run on this site: its PHP cannot read it. Nothing was swapped.`,
      attempted: linter.attempted,
      answered: fatal
        .slice(0, 5)
        .map(({ path, said }) => `${path}: ${said}`)
        .join('\n'),
      todo: 'The release is broken, or needs another PHP than this site has. Tell its author, or wait for the next one.',
    });
  // Files for another PHP that are only loaded there are common; so nothing stands in the way.
  for (const { path, said } of found.filter(({ kind }) => kind === 'new'))
    tell(`${component.name} ${release.version}: this site’s PHP cannot read ${path} (${said}).`);
}

/** `php -l` of the site's command line. */
export function linterByShell(
  on: Hands['on'],
  {
    php,
    scripts,
    signal,
  }: { readonly php: string; readonly scripts: { readonly lint: string }; readonly signal: AbortSignal },
): Linter {
  return {
    attempted: `Read the new files with ${php} -l`,
    async read({ live, staged, names }) {
      const script = scriptFile(scripts.lint, { php, live, staged, names: names.join('\n') });
      const output = await on((connection) =>
        runOk(connection, script, {
          attempted: 'Have PHP read the new files',
          signal,
          timeLimit: 600_000,
        }),
      );
      const text = output.toString('utf8');
      if (text === 'none\n') return null;
      return text.split('\n').flatMap((line) => {
        const [kind, path = '', said = ''] = line.split('\t');
        if (kind !== 'worse' && kind !== 'new' && kind !== 'before') return [];
        return [{ kind, path, said: said.slice(0, MOST_SAID) }];
      });
    },
  };
}
