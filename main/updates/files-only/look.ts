import type { RemoteFiles } from '../../connections/index.ts';
import type { Site } from '../../sites/index.ts';
import { joinRemote, type RemotePath } from '../../words/index.ts';
import type { SignOfLife } from '../foreign-run.ts';
import type { Look } from '../look.ts';
import { isOurMaintenance } from './maintenance.ts';
import { readStart } from './over-sftp.ts';
import { privateFoldersOf } from './private-folder.ts';

const CHECKOUTS = ['.git', '.svn', '.hg', '.bzr'];
const DEPLOYING = ['.git/index.lock', '.dep/deploy.lock', 'deploy.lock'];

/**
 * What look.sh finds, as far as SFTP tells it: whether everything may be written and lies on one disk is tried when an update
 * begins. Writes nothing.
 */
export async function lookOverSftp(
  files: RemoteFiles,
  site: Site,
  targets: readonly RemotePath[],
): Promise<Look> {
  const { root } = site;
  const kindOf = (path: string) =>
    files.lstat(path).then(
      (stat) => stat?.kind ?? null,
      () => null,
    );
  const there = async (names: readonly string[]) => {
    const kinds = await Promise.all(names.map(kindOf));
    return names.filter((_name, at) => kinds[at] !== null);
  };
  const links = await Promise.all(
    targets.map(async (path) => ((await kindOf(path)) === 'link' ? [path] : [])),
  );
  const [real, space, maintenance, held] = await Promise.all([
    files.realPath(root),
    files.space(root).catch(() => null),
    readStart(files, joinRemote(root, '.maintenance'), 4096),
    holderOf(files, site),
  ]);
  return {
    sameDevice: true,
    writable: true,
    freeKib: space === null ? null : Math.floor(space.bytes / 1024),
    // Filesystems without inodes of their own say none.
    freeFiles: space === null || space.files === 0 ? null : space.files,
    notWritable: [],
    links: links.flat(),
    otherDevice: [],
    versionControl: await there(
      [root, ...targets].flatMap((path) => CHECKOUTS.map((name) => joinRemote(path, name))),
    ),
    missingTools: [],
    unreadable: [],
    foreignOwner: [],
    immutable: [],
    deployed: real.includes('/releases/') ? real : null,
    atWork: await there(DEPLOYING.map((name) => joinRemote(root, name))),
    maintenance: maintenance === null ? 'none' : isOurMaintenance(maintenance) ? 'ours' : 'foreign',
    lockedBy: held?.owner ?? null,
    alive: held?.alive ?? null,
  };
}

/** The run that holds a site, wherever its private folder is. */
async function holderOf(
  files: RemoteFiles,
  site: Site,
): Promise<{ owner: string; alive: SignOfLife | null } | null> {
  for (const place of await privateFoldersOf(files, site)) {
    const said = await readStart(files, joinRemote(place, 'lock', 'owner'), 200);
    // How long ago it gave a sign of life, only a new file would tell.
    if (said !== null) return { owner: said.toString('utf8'), alive: null };
  }
  return null;
}
