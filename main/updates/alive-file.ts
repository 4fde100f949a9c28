import { joinRemote, type RemotePath } from '../words/index.ts';

/** Where a run that holds a site says that it lives: how often it did, when by the site's clock, and its lease, both in seconds. */
export function aliveFile(privateFolder: RemotePath): RemotePath {
  return joinRemote(privateFolder, 'lock', 'alive');
}
