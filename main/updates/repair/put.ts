import type { FileEntry, ManifestEntry, TreeEntry } from '../../backups/index.ts';
import type { Package } from '../../releases/index.ts';
import { Problem, Sha256 } from '../../words/index.ts';
import type { FilesToPut } from '../restore-site.ts';
import type { Chosen } from './chosen.ts';
import { folderOf, type RepairPart, type SiteFiles } from './components.ts';
import { openOriginal, type Asking } from './originals.ts';

/** The files of releases that a repair puts in place. */
export interface Repairing {
  readonly files: FilesToPut;
  /** Files that are put back. */
  readonly count: number;
  close(): void;
}

/** What files and folders that are missing get where nothing is there to go by. */
const MODES = { file: 0o644, folder: 0o755 };

/**
 * Opens the packages that the chosen files come from. What is replaced keeps its mode; what is missing gets that of its neighbours.
 * @param now seconds since 1970, which the files are of
 */
export async function openRepair(
  parts: readonly RepairPart[],
  chosen: Chosen,
  { there, folders }: SiteFiles,
  asking: Asking,
  now: number,
): Promise<Repairing> {
  const opened: Package[] = [];
  const close = () => opened.forEach((one) => one.close());
  try {
    const sources = new Map<Sha256, () => Promise<Buffer>>();
    const files: (readonly [string, FileEntry])[] = [];
    const claimed = new Set<string>();
    for (const part of parts) {
      const mine = [...chosen].filter(
        ([path, what]) => what === 'put' && !claimed.has(path) && part.differs.has(path),
      );
      if (mine.length === 0) continue;
      const from = await openOriginal(part.component, part.published, asking);
      opened.push(from);
      const byPath = new Map(from.files.map((file) => [file.path, file]));
      for (const [path] of mine) {
        const inPackage = part.inPackage(path);
        const file = byPath.get(inPackage);
        if (file === undefined) throw notInPackage(part, inPackage);
        claimed.add(path);
        sources.set(file.sha256, () => from.read(inPackage));
        files.push([path, fileEntry(path, file, modeOf(path, there), now)]);
      }
    }
    return {
      count: files.length,
      close,
      files: {
        changed: [...foldersFor(files, folders, now), ...files],
        extra: [...chosen].filter(([, what]) => what === 'remove').map(([path]) => path),
        unchanged: 0,
        there,
        snapshot: {
          // A release names its files by their hashes, as a backup does its blobs.
          async *read(hashes) {
            for (const hash of hashes) yield (await sources.get(hash)?.()) ?? Buffer.alloc(0);
          },
        },
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}

function fileEntry(
  path: string,
  { sha256, size }: { readonly sha256: Sha256; readonly size: number },
  mode: number,
  now: number,
): FileEntry {
  return { kind: 'file', name: path, size, blobs: [sha256], ...stamp(now), mode };
}

const stamp = (now: number) => ({ mtime: String(now), ctime: '', inode: '' });

/** Its own mode, or that of a file beside it. */
function modeOf(path: string, there: ReadonlyMap<string, ManifestEntry>): number {
  const own = there.get(path);
  if (own?.kind === 'file') return (own.mode & 0o777) | 0o400;
  const folder = folderOf(path);
  for (const beside of there.values())
    if (beside.kind === 'file' && folderOf(beside.path) === folder) return beside.mode & 0o666;
  return MODES.file;
}

/** The folders that are not there, those above first. */
function foldersFor(
  files: readonly (readonly [string, FileEntry])[],
  folders: ReadonlySet<string>,
  now: number,
): (readonly [string, TreeEntry])[] {
  const missing = new Set<string>();
  for (const [path] of files)
    for (let above = folderOf(path); !folders.has(above); above = folderOf(above)) missing.add(above);
  return [...missing]
    .sort()
    .map((path) => [path, { kind: 'folder', name: path, ...stamp(now), mode: MODES.folder, tree: NO_TREE }]);
}

/** A folder that is made empty: what goes into it is put there by itself. */
const NO_TREE = Sha256.parse('0'.repeat(64));

function notInPackage({ component }: RepairPart, path: string): Problem {
  return new Problem({
    code: 'package-mismatch',
    message: `The package of ${component.name} ${component.version} does not hold ${path}, which is published as its file.`,
    attempted: 'Find the file in its package',
    todo: 'Tell the source. The site was not touched.',
  });
}
