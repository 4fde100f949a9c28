import { z } from 'zod';
import { Sha256 } from '../../words/index.ts';

/** What the server said of a file; equal means unchanged. Times as `seconds.fraction`, as find prints them. */
export const FileStamp = z.object({ mtime: z.string(), ctime: z.string(), inode: z.string() });
export type FileStamp = z.infer<typeof FileStamp>;

const Shared = {
  name: z.string().min(1),
  mode: z.number().int(),
  mtime: z.string(),
  ctime: z.string(),
  inode: z.string(),
};

/** One name in a folder. Names are as in RemotePath: bytes that are not UTF-8 as lone surrogates. */
export const TreeEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file'), ...Shared, size: z.number(), blobs: z.array(Sha256) }),
  z.object({ kind: z.literal('folder'), ...Shared, tree: Sha256 }),
  z.object({ kind: z.literal('link'), ...Shared, target: z.string() }),
]);
export type TreeEntry = z.infer<typeof TreeEntry>;
export type FileEntry = Extract<TreeEntry, { kind: 'file' }>;

/** A folder: a blob of JSON, its entries in the order of their names. */
export const Tree = z.array(TreeEntry);
export type Tree = z.infer<typeof Tree>;

/** The bytes of a folder; equal folders have equal bytes. JSON escapes lone surrogates, so every name survives. */
export function encodeTree(entries: readonly TreeEntry[]): Buffer {
  const ordered = [...entries].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return Buffer.from(JSON.stringify(ordered.map((entry) => TreeEntry.parse(entry))), 'utf8');
}

export function decodeTree(bytes: Buffer): Tree {
  const raw: unknown = JSON.parse(bytes.toString('utf8'));
  return Tree.parse(raw);
}
