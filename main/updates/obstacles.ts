import { bytesInWords, counted, Problem, type ProblemShape, type RemotePath } from '../words/index.ts';
import { heldProblem } from './foreign-run.ts';
import type { Look } from './look.ts';
import type { Needs, PrepareOptions } from './part.ts';

/** Room that is asked for, as a multiple of what is written: it is there twice for a moment, and a little more. */
const MARGIN = 2.1;
/** So many names are quoted; of the rest only how many. */
const QUOTED = 10;

/** What stands in the way of an update, as seen on the site. */
export function obstaclesSeen(
  seen: Look,
  options: Pick<PrepareOptions, 'site' | 'runId'>,
  needs: Needs,
): ProblemShape[] {
  const { site } = options;
  const found: Problem[] = [];
  const add = (code: string, message: string, answered: string, todo: string) =>
    found.push(new Problem({ code, message, attempted: `Look at ${site.root}`, answered, todo }));
  const those = (code: string, message: string, which: readonly string[], todo: string) => {
    if (which.length > 0) add(code, message, listed(which), todo);
  };
  const full = seen.freeKib === null ? null : tooLittleRoom(site.root, seen.freeKib * 1024, needs);
  if (full !== null) found.push(full);
  const files = Math.ceil(needs.files * MARGIN);
  if (seen.freeFiles !== null && seen.freeFiles < files)
    add(
      'remote-files-full',
      'The server lets this account make too few new files.',
      `${counted(seen.freeFiles, 'file')} more may be made, ${files} are needed (inodes)`,
      'Remove files there that nobody needs (caches, old sessions), or ask the host for more inodes.',
    );
  those(
    'remote-permission',
    'Not everything that has to be replaced may be written by this account.',
    seen.notWritable,
    'Ask the host to give these files to your account; they may belong to the web server’s user.',
  );
  those(
    'remote-unreadable',
    'Not everything that has to be replaced may be read by this account, so it could be neither backed up nor copied.',
    seen.unreadable,
    'Ask the host to give these files to your account; they may belong to the web server’s user.',
  );
  those(
    'immutable',
    'Files that have to be replaced are protected against every change (chattr).',
    seen.immutable,
    'Somebody did that on purpose. Ask them, or the host, to lift it: `chattr -i`.',
  );
  those(
    'is-a-link',
    'What is to be replaced is a symbolic link; somebody deploys it otherwise.',
    seen.links,
    'Update it where it is deployed from.',
  );
  those(
    'other-disk',
    'What is to be replaced lies on another disk than the root, so it cannot be swapped by renaming.',
    seen.otherDevice,
    'Update it in the site’s own admin.',
  );
  if (!site.settings.allowVersionControl) {
    those(
      'version-control',
      'This is a checkout of a version-control system; an update would be overwritten or conflict.',
      seen.versionControl,
      'Update it through its repository, or allow it in the site’s settings.',
    );
    if (seen.deployed !== null)
      add(
        'deployed',
        'The root leads to one release of a deployment; the next deployment would leave the update behind.',
        seen.deployed,
        'Update it where it is deployed from, or allow it in the site’s settings (“version control”).',
      );
  }
  those(
    'deploy-at-work',
    'Somebody is changing the files of this site just now: a deployment, Composer, or a copy.',
    seen.atWork,
    'Wait until it is done. If it was cut off, remove what it left (the file named above).',
  );
  those(
    'missing-tools',
    'The server lacks programs that are needed.',
    seen.missingTools,
    'Ask the host for them.',
  );
  if (seen.maintenance === 'foreign')
    add(
      'foreign-maintenance',
      'Another updater has put the site into maintenance.',
      '.maintenance is there',
      'Wait until it is done. If it was cut off, remove the file .maintenance from the root.',
    );
  if (seen.lockedBy !== null && seen.lockedBy !== options.runId)
    found.push(heldProblem(seen.lockedBy, seen.alive));
  return found.map((problem) => problem.toJSON());
}

/** Whether too little space is free for what an update writes; null: it is enough. @param free bytes */
export function tooLittleRoom(
  root: RemotePath,
  free: number,
  { bytes, dump }: Pick<Needs, 'bytes' | 'dump'>,
): Problem | null {
  const room = Math.ceil(bytes * MARGIN + dump);
  if (free >= room) return null;
  return new Problem({
    code: 'remote-disk-full',
    message: 'There is not enough space on the server.',
    attempted: `Look at ${root}`,
    answered: `${bytesInWords(free)} free for this account, ${bytesInWords(room)} needed`,
    todo: 'Free some space there, or ask the host for more.',
  });
}

/** What is worth knowing of the same look, and stands in nobody's way. */
export function oddities(seen: Look): string[] {
  if (seen.foreignOwner.length === 0) return [];
  return [
    `Belongs to another account than yours, perhaps the web server’s: ${listed(seen.foreignOwner)}. What is replaced will be yours; the site’s own updater may not be able to write it afterwards.`,
  ];
}

function listed(which: readonly string[]): string {
  const rest = which.length - QUOTED;
  return `${which.slice(0, QUOTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
