import { createHash } from 'node:crypto';
import { run, sh, type Connection } from '../connections/index.ts';
import type { Site } from '../sites/index.ts';
import { joinRemote, parentOf, Problem, remotePath, type RemotePath } from '../words/index.ts';
import { look } from './look.ts';
import type { UpdateScripts } from './remote.ts';

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
  const asked = await run(connection, sh`printf '%s\n' "$HOME"; cd -- ${site.root} 2>/dev/null && pwd -P`, {
    attempted: 'Ask for the home folder',
    signal,
    timeLimit: 20_000,
  });
  const end = asked.stdout.indexOf(0x0a);
  const home = asked.stdout.subarray(0, end).toString('utf8').replace(/\/+$/, '');
  // By the root, not by our name for the site: two computers that know the same site meet there, and one that is new finds what another left.
  const name = createHash('sha256')
    .update(asked.stdout.subarray(end + 1))
    .digest('hex')
    .slice(0, 20);
  const candidates = [
    ...(site.privateFolder === null ? [] : [site.privateFolder]),
    ...(home.startsWith('/') ? [joinRemote(remotePath(home), '.groundskeeper', name)] : []),
    joinRemote(parentOf(site.root), `.groundskeeper-${name}`),
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
