import { Problem, type ProblemShape } from '../words/index.ts';
import type { PrepareOptions } from './part.ts';
import type { Look } from './private-folder.ts';

/**
 * What stands in the way of an update, as seen on the site.
 * @param bytes what will be written there in all
 */
export function obstaclesSeen(seen: Look, options: PrepareOptions, bytes: number): ProblemShape[] {
  const { site } = options;
  const found: Problem[] = [];
  const attempted = `Look at ${site.root}`;
  const needed = Math.ceil((bytes * 2.1) / 1024);
  if (seen.freeKib !== null && seen.freeKib < needed) {
    found.push(
      new Problem({
        code: 'remote-disk-full',
        message: 'There is not enough space on the server.',
        attempted,
        answered: `${Math.round(seen.freeKib / 1024)} MiB free, ${Math.ceil(needed / 1024)} MiB needed`,
        todo: 'Free some space there, or ask the host for more.',
      }),
    );
  }
  if (seen.notWritable.length > 0) {
    found.push(
      new Problem({
        code: 'remote-permission',
        message: 'Not everything that has to be replaced may be written by this account.',
        attempted,
        answered: seen.notWritable.join(', '),
        todo: 'Ask the host to give these files to your account; they may belong to the web server’s user.',
      }),
    );
  }
  if (seen.links.length > 0) {
    found.push(
      new Problem({
        code: 'is-a-link',
        message: 'What is to be replaced is a symbolic link; somebody deploys it otherwise.',
        attempted,
        answered: seen.links.join(', '),
        todo: 'Update it where it is deployed from.',
      }),
    );
  }
  if (seen.otherDevice.length > 0) {
    found.push(
      new Problem({
        code: 'other-disk',
        message:
          'What is to be replaced lies on another disk than the root, so it cannot be swapped by renaming.',
        attempted,
        answered: seen.otherDevice.join(', '),
        todo: 'Update it in the site’s own admin.',
      }),
    );
  }
  if (seen.versionControl.length > 0 && !site.settings.allowVersionControl) {
    found.push(
      new Problem({
        code: 'version-control',
        message:
          'This is a checkout of a version-control system; an update would be overwritten or conflict.',
        attempted,
        answered: seen.versionControl.join(', '),
        todo: 'Update it through its repository, or allow it in the site’s settings.',
      }),
    );
  }
  if (seen.missingTools.length > 0) {
    found.push(
      new Problem({
        code: 'missing-tools',
        message: `The server has no ${seen.missingTools.join(', no ')}.`,
        attempted,
        todo: 'Ask the host for it.',
      }),
    );
  }
  if (seen.maintenance === 'foreign') {
    found.push(
      new Problem({
        code: 'foreign-maintenance',
        message: 'Another updater has put the site into maintenance.',
        attempted,
        answered: '.maintenance is there',
        todo: 'Wait until it is done. If it was cut off, remove the file .maintenance from the root.',
      }),
    );
  }
  if (seen.lockedBy !== null && seen.lockedBy !== options.runId) {
    found.push(
      new Problem({
        code: 'site-locked',
        message: 'Another update of this site is under way, or was cut off.',
        attempted,
        answered: `held by ${seen.lockedBy}`,
        todo: 'If it ran on this computer: recover it first (`groundskeeper runs recover`).',
      }),
    );
  }
  return found.map((problem) => problem.toJSON());
}
