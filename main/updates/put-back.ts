import { sh, type Script } from '../connections/index.ts';
import type { RemotePath } from '../words/index.ts';

/** What stands where something is about to be put, or is about to go. */
export type Standing = 'file' | 'folder' | 'link' | 'nothing';

/** One path that is put in place: what keeps what stands there, and what brings that back. Each may be run again at any point. */
export interface Saved {
  readonly save: Script;
  readonly back: Script;
}

/** A file that another is renamed over: it gets a second name first, so that visitors never miss it. */
export function savedFile(live: RemotePath, saved: RemotePath): Saved {
  return {
    save: sh`[ -e ${saved} ] || ln -- ${live} ${saved} 2>/dev/null || { cp -p -- ${live} ${saved}.part && mv -f -- ${saved}.part ${saved}; } || exit 1`,
    back: sh`[ ! -e ${saved} ] || mv -f -- ${saved} ${live} || failed=1`,
  };
}

/**
 * Anything else that goes from its place: it is moved away. A folder of another account may not be moved to another one, but where it is
 * empty it may go: an empty one of ours is kept for it.
 */
export function movedAway(live: RemotePath, saved: RemotePath): Saved {
  return {
    save: sh`[ -e ${saved} ] || [ -L ${saved} ] || { [ ! -e ${live} ] && [ ! -L ${live} ]; } || mv -- ${live} ${saved} ||
  { [ -d ${live} ] && [ ! -L ${live} ] && mkdir -- ${saved} && { rmdir -- ${live} || { rmdir -- ${saved}; false; }; }; } || exit 1`,
    back: sh`{ [ ! -e ${saved} ] && [ ! -L ${saved} ]; } || { rm -rf -- ${live} && mv -- ${saved} ${live}; } || failed=1`,
  };
}

/** Something that was not there before. */
export function addedThere(live: RemotePath, kind: 'file' | 'folder'): Saved {
  return {
    save: sh`:`,
    back: kind === 'folder' ? sh`rmdir -- ${live} 2>/dev/null || :` : sh`rm -f -- ${live} || failed=1`,
  };
}

/** A folder that goes when it is empty. */
export function goneFolder(live: RemotePath, mode: number): Saved {
  const bits = (mode & 0o777).toString(8);
  return {
    save: sh`:`,
    back: sh`[ -d ${live} ] || { mkdir -- ${live} && chmod ${bits} -- ${live}; } || failed=1`,
  };
}

/** Writes what brings a batch back, before it is put in place. Batches are undone from the last to the first. */
export function layBack(folder: RemotePath, batch: number, saved: readonly Saved[]): Script {
  const name = String(999_999 - batch);
  const text = [...saved].reverse().map(({ back }) => back.text);
  return sh`(umask 077; mkdir -p -- ${folder} || exit 1; text=${text.join('\n')}
cat > ${folder}/${name}.part <<TEXT && mv -f -- ${folder}/${name}.part ${folder}/${name}
$text
TEXT
) || exit 1`;
}
