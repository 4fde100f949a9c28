/** One name below a root, as the server's `find` sees it. */
export interface ManifestEntry {
  /** Relative to the root; '' is the root itself. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
  readonly mode: number;
  readonly mtime: string;
  readonly ctime: string;
  readonly inode: string;
  readonly target: string;
  /** A folder that this account may not list or enter: what is in it is not in the manifest. */
  readonly closed: boolean;
}

/** Whether a file is the same as when it was backed up: all the server can tell by looking at it from outside. */
export function sameStamp(
  a: Pick<ManifestEntry, 'size' | 'mtime' | 'ctime' | 'inode'>,
  b: Pick<ManifestEntry, 'size' | 'mtime' | 'ctime' | 'inode'>,
): boolean {
  return a.size === b.size && a.mtime === b.mtime && a.ctime === b.ctime && a.inode === b.inode;
}
