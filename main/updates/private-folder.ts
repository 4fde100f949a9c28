import { run, runOk, scriptFile, sh, type Connection } from '../connections/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, parentOf, Problem, remotePath, type RemotePath } from '../words/index.ts';
import type { UpdateScripts } from './remote.ts';

/** What look.sh found. */
export interface Look {
  readonly sameDevice: boolean;
  readonly writable: boolean;
  /** KiB; null where df does not say. */
  readonly freeKib: number | null;
  readonly notWritable: readonly string[];
  readonly links: readonly string[];
  readonly otherDevice: readonly string[];
  readonly versionControl: readonly string[];
  readonly missingTools: readonly string[];
  readonly maintenance: 'none' | 'ours' | 'foreign';
  readonly lockedBy: string | null;
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
  const [free] = all('free');
  const [flag] = all('maintenance');
  return {
    sameDevice: all('same-device').length > 0,
    writable: all('private-writable').length > 0,
    freeKib: free === undefined || free === '' ? null : Number(free),
    notWritable: [...new Set(all('not-writable'))],
    links: all('link'),
    otherDevice: all('other-device'),
    versionControl: [...new Set(all('version-control'))],
    missingTools: all('missing-tool'),
    maintenance: flag === 'ours' || flag === 'foreign' ? flag : 'none',
    lockedBy: all('locked')[0] ?? null,
  };
}

/**
 * Where a site's private folder goes: outside its web root and on the same filesystem, because everything
 * is swapped by renaming. Nothing is made yet.
 * @throws Problem `no-private-folder`
 */
export async function findPrivateFolder(
  connection: Connection,
  scripts: UpdateScripts,
  site: Site,
  signal: AbortSignal,
): Promise<RemotePath> {
  const asked = await run(connection, sh`printf %s "$HOME"`, {
    attempted: 'Ask for the home folder',
    signal,
    timeLimit: 20_000,
  });
  const home = asked.stdout.toString('utf8').replace(/\/+$/, '');
  const candidates = [
    ...(site.privateFolder === null ? [] : [site.privateFolder]),
    ...(home.startsWith('/') ? [joinRemote(remotePath(home), '.groundskeeper', site.id)] : []),
    joinRemote(parentOf(site.root), `.groundskeeper-${site.id}`),
  ];
  for (const candidate of candidates) {
    if (candidate === site.root || candidate.startsWith(`${site.root}/`)) continue;
    const seen = await look(
      connection,
      scripts,
      { root: site.root, privateFolder: candidate, parents: [], targets: [] },
      signal,
    );
    if (seen.sameDevice && seen.writable) return candidate;
  }
  throw new Problem({
    code: 'no-private-folder',
    message: 'There is no place outside the web root where the new version could be laid ready.',
    attempted: `Look for a writable folder on the same disk as ${site.root}, outside of it`,
    answered: candidates.join(', '),
    todo: 'Make the home folder or the folder above the root writable for this account.',
  });
}
