import type { RemotePath } from '../../words/index.ts';
import type { FileScripts } from './file-scripts.ts';
import type { ManifestEntry } from './manifest-entry.ts';

export interface PullOptions {
  readonly root: RemotePath;
  readonly scripts: FileScripts;
  readonly signal: AbortSignal;
  /** Takes one file's content; all of it has to be read. */
  readonly onFile: (entry: ManifestEntry, size: number, content: AsyncIterable<Buffer>) => Promise<void>;
}

/** What a pull could not bring. */
export interface Pulled {
  /** Changed while they were read, came in another size than the manifest says, or were not there any more. */
  readonly moved: readonly ManifestEntry[];
  readonly unreadable: readonly ManifestEntry[];
}
