import { Problem } from '../../words/index.ts';
import type { BackupEntry } from '../backup.ts';
import type { Snapshot } from '../store/types.ts';
import type { FileEntry, Tree, TreeEntry } from '../store/tree.ts';

/** Everything in a backup, folders before what is in them. */
export async function* flatten(
  snapshot: Snapshot,
  from = '',
): AsyncGenerator<{ path: string; entry: TreeEntry }, void, void> {
  const start = from === '' ? snapshot.root : await treeAt(snapshot, from);
  yield* walk(snapshot, start, from);
}

async function* walk(
  snapshot: Snapshot,
  tree: Snapshot['root'],
  folder: string,
): AsyncGenerator<{ path: string; entry: TreeEntry }, void, void> {
  for (const entry of await snapshot.tree(tree)) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    yield { path, entry };
    if (entry.kind === 'folder') yield* walk(snapshot, entry.tree, path);
  }
}

/** The entry at a path; null where there is none. */
export async function findEntry(snapshot: Snapshot, path: string): Promise<TreeEntry | null> {
  const parts = path.split('/').filter((part) => part !== '');
  let tree: Tree = await snapshot.tree(snapshot.root);
  for (const [index, part] of parts.entries()) {
    const entry = tree.find((candidate) => candidate.name === part);
    if (!entry) return null;
    if (index === parts.length - 1) return entry;
    if (entry.kind !== 'folder') return null;
    tree = await snapshot.tree(entry.tree);
  }
  return null;
}

/** The entry at a path. @throws Problem `no-such-path` */
export async function entryAt(snapshot: Snapshot, path: string): Promise<TreeEntry> {
  const entry = await findEntry(snapshot, path);
  if (entry) return entry;
  throw new Problem({
    code: 'no-such-path',
    message: `There is no “${path}” in this backup.`,
    todo: '`backups ls` shows what is there.',
  });
}

async function treeAt(snapshot: Snapshot, path: string) {
  const entry = await entryAt(snapshot, path);
  if (entry.kind === 'folder') return entry.tree;
  throw new Problem({ code: 'not-a-folder', message: `“${path}” is not a folder.` });
}

/** One folder, folders first, then by name. */
export async function listFolder(snapshot: Snapshot, path: string): Promise<BackupEntry[]> {
  const tree = await snapshot.tree(path === '' ? snapshot.root : await treeAt(snapshot, path));
  const order = { folder: 0, file: 1, link: 1 };
  return tree
    .map((entry) => ({
      name: entry.name,
      kind: entry.kind,
      size: entry.kind === 'file' ? entry.size : 0,
      modifiedAt: Math.round(Number(entry.mtime) * 1000),
      mode: entry.mode,
      target: entry.kind === 'link' ? entry.target : null,
    }))
    .sort((a, b) => order[a.kind] - order[b.kind] || a.name.localeCompare(b.name));
}

/** The entry of a file. @throws Problem `not-a-file` */
export async function fileAt(snapshot: Snapshot, path: string): Promise<FileEntry> {
  const entry = await entryAt(snapshot, path);
  if (entry.kind === 'file') return entry;
  throw new Problem({ code: 'not-a-file', message: `“${path}” is not a file.` });
}

/** At most `limit` bytes from the start of a file. */
export async function readStart(snapshot: Snapshot, file: FileEntry, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of snapshot.read(file.blobs)) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}

/** Whether bytes look like text: no NUL, and valid UTF-8 but for a character cut at the end. */
export function looksLikeText(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  return !new TextDecoder('utf-8')
    .decode(bytes.subarray(0, Math.max(0, bytes.length - 4)))
    .includes('\uFFFD');
}
