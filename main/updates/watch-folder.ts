import { joinRemote, type RemotePath } from '../words/index.ts';

/** Where a run's watchdog lives, with all that is its own. */
export function watchFolder(runFolder: RemotePath): RemotePath {
  return joinRemote(runFolder, 'watch');
}
