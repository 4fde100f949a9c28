import { createHash, randomBytes } from 'node:crypto';
import type { RemoteFiles } from '../../connections/index.ts';
import type { Site } from '../../sites/index.ts';
import { joinRemote, parentOf, Problem, remotePath, type RemotePath } from '../../words/index.ts';
import { isProblem, makeFile, makeFolders } from './over-sftp.ts';
import { runnerStays } from './stays.ts';

/** Where a site's private folder may go over SFTP, the best place first; nothing is made. */
export async function privateFoldersOf(files: RemoteFiles, site: Site): Promise<RemotePath[]> {
  const home = (await files.realPath('.')).replace(/\/+$/, '');
  const root = await files.realPath(site.root);
  // As a run with a shell names it: the two meet there.
  const name = createHash('sha256').update(`${root}\n`).digest('hex').slice(0, 20);
  const places = [
    ...(site.privateFolder === null ? [] : [site.privateFolder]),
    joinRemote(remotePath(home === '' ? '/' : home), '.groundskeeper', name),
    joinRemote(parentOf(site.root), `.groundskeeper-${name}`),
  ];
  return [...new Set(places)].filter(
    (place) => ![site.root, root].some((inside) => place === inside || place.startsWith(`${inside}/`)),
  );
}

/**
 * Finds the private folder by trying: something is laid there, and renamed into the site's folders and away again, because only that
 * tells whether they are on one disk and may be written.
 * @param into folders of the site in which something will be swapped
 * @throws Problem `no-private-folder`, `remote-permission`
 */
export async function tryPrivateFolder(
  files: RemoteFiles,
  site: Site,
  into: readonly RemotePath[],
  signal: AbortSignal,
): Promise<RemotePath> {
  const places = await privateFoldersOf(files, site);
  const refused: string[] = [];
  for (const place of places) {
    const name = `.groundskeeper-try-${randomBytes(8).toString('hex')}`;
    const at = joinRemote(place, name);
    try {
      await makeFolders(files, place, 0o700);
      await makeFile(files, at, '', 0o600, signal);
    } catch (error) {
      if (isProblem(error, 'connection-lost')) throw error;
      refused.push(`${place}: ${isProblem(error) ? error.answered || error.message : ''}`);
      continue;
    }
    const shut = await renamedInto(files, at, name, into);
    await files.remove(at).catch((error: unknown) => {
      if (isProblem(error, 'connection-lost')) throw error;
      throw runnerStays([at]);
    });
    if (shut.length === 0) return place;
    await files.removeFolder(place);
    refused.push(...shut.map((folder) => `${place} → ${folder}`));
  }
  throw new Problem({
    code: 'no-private-folder',
    message:
      'There is no place outside the web root from which something could be renamed into the site’s folders.',
    attempted: 'Rename a file from a folder outside the web root into the site and back',
    answered: refused.join('; '),
    todo: 'Make the home folder or the folder above the root writable for this account, and the site’s folders as well.',
  });
}

async function renamedInto(
  files: RemoteFiles,
  at: RemotePath,
  name: string,
  into: readonly RemotePath[],
): Promise<string[]> {
  const shut: string[] = [];
  for (const folder of into) {
    const there = joinRemote(folder, name);
    try {
      await files.rename(at, there);
      await files.rename(there, at);
    } catch (error) {
      if (isProblem(error, 'connection-lost')) throw error;
      shut.push(folder);
      await files.remove(there).catch(() => {});
    }
  }
  return shut;
}
