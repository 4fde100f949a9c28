import { z } from 'zod';
import { BackupId, Problem } from '../../words/index.ts';
import { entryAt, findEntry } from './browse.ts';
import type { Backup } from '../backup.ts';
import type { Snapshot, Store } from '../store/types.ts';
import type { FileEntry, Tree, TreeEntry } from '../store/tree.ts';

/** One name in one of two backups. */
export const ComparedEntry = z.object({
  kind: z.enum(['file', 'folder', 'link']),
  size: z.number(),
  modifiedAt: z.number(),
  mode: z.number().int(),
  /** Where a link points. */
  target: z.string().nullable(),
});
export type ComparedEntry = z.infer<typeof ComparedEntry>;

/**
 * What became of one path. `changed`: other content, or another kind of thing. `mode`: only who may do what with it.
 * `target`: a link points elsewhere. `unread`: one of both backups could not read it, so nothing is known.
 * A folder is told by what is in it; by itself only when it is empty or its mode changed.
 */
export const BackupChange = z.object({
  path: z.string(),
  change: z.enum(['added', 'changed', 'deleted', 'mode', 'target', 'unread']),
  before: ComparedEntry.nullable(),
  after: ComparedEntry.nullable(),
});
export type BackupChange = z.infer<typeof BackupChange>;

const Count = z.number().int();

/** What differs between two backups. */
export const Comparison = z.object({
  before: BackupId,
  /** `live`: the site as it is now; its database was not looked at. */
  after: z.union([BackupId, z.literal('live')]),
  /** Folder by folder, in the order of the names; the first ones where `truncated`. */
  changes: z.array(BackupChange),
  truncated: z.boolean(),
  /** Of all changes, whether listed or not. */
  counts: z.object({
    added: Count,
    changed: Count,
    deleted: Count,
    mode: Count,
    target: Count,
    unread: Count,
  }),
  database: z.object({
    change: z.enum(['none', 'same', 'added', 'changed', 'deleted']),
    /** Tables that came, went, or have another number of rows; null: not there. */
    tables: z.array(z.object({ name: z.string(), before: Count.nullable(), after: Count.nullable() })),
  }),
});
export type Comparison = z.infer<typeof Comparison>;

/**
 * Compares two backups, or what is at one path in them.
 * @param live `after` is a site as it is now (`liveSnapshot`)
 * @throws Problem `no-such-path` when neither has the path, `store-damaged`
 */
export async function compareBackups(
  before: Snapshot,
  after: Snapshot,
  {
    path = '',
    limit,
    live = false,
  }: { readonly path?: string; readonly limit: number; readonly live?: boolean },
): Promise<Comparison> {
  const counts = { added: 0, changed: 0, deleted: 0, mode: 0, target: 0, unread: 0 };
  const changes: BackupChange[] = [];
  let total = 0;
  for await (const change of changesBetween(before, after, path, live)) {
    counts[change.change] += 1;
    total += 1;
    if (changes.length < limit) changes.push(change);
  }
  return {
    before: before.backup.id,
    after: live ? 'live' : after.backup.id,
    changes,
    truncated: total > changes.length,
    counts,
    database: live ? { change: 'none', tables: [] } : compareDatabases(before, after),
  };
}

/** The backup of the same site that was taken before this one. @throws Problem `no-earlier-backup` */
export async function backupBefore(store: Store, { id, siteId, takenAt }: Backup): Promise<Backup> {
  const ofSite = await store.list(siteId);
  const earlier = ofSite.find((one) => one.takenAt < takenAt && one.id !== id);
  if (earlier) return earlier;
  throw new Problem({
    code: 'no-earlier-backup',
    message: 'This is the first backup of the site that is kept: there is none before it.',
    todo: 'Compare it with a later one.',
  });
}

/**
 * Every change, folder by folder. Folders that are the same have the same id, and are not even read.
 * @param told whether the ids alone tell contents apart, because nothing can be read on one side
 */
export async function* changesBetween(
  before: Snapshot,
  after: Snapshot,
  path = '',
  told = false,
): AsyncGenerator<BackupChange, void, void> {
  const unread = { before: coverOf(before.backup.unreadable), after: coverOf(after.backup.unreadable) };
  const judged = (change: BackupChange): BackupChange =>
    (change.after === null && unread.after(change.path)) ||
    (change.before === null && unread.before(change.path))
      ? { ...change, change: 'unread' }
      : change;

  /** `null`: the folder is not there on that side. */
  async function* folders(
    folder: string,
    [old, now]: readonly [Tree | null, Tree | null],
  ): AsyncGenerator<BackupChange, void, void> {
    const olds = new Map(old?.map((entry) => [entry.name, entry]));
    const nows = new Map(now?.map((entry) => [entry.name, entry]));
    for (const name of [...new Set([...olds.keys(), ...nows.keys()])].sort(byCodeUnits))
      yield* entries(folder === '' ? name : `${folder}/${name}`, olds.get(name), nows.get(name));
  }

  async function* entries(
    at: string,
    old: TreeEntry | undefined,
    now: TreeEntry | undefined,
  ): AsyncGenerator<BackupChange, void, void> {
    const sides = { path: at, before: compared(old), after: compared(now) };
    if (old?.kind === 'folder' && now?.kind === 'folder') {
      if (old.mode !== now.mode) yield { ...sides, change: 'mode' };
      if (old.tree !== now.tree)
        yield* folders(at, await Promise.all([before.tree(old.tree), after.tree(now.tree)]));
      return;
    }
    const oldTree = old?.kind === 'folder' ? await before.tree(old.tree) : null;
    const nowTree = now?.kind === 'folder' ? await after.tree(now.tree) : null;
    const inIt = (oldTree?.length ?? 0) + (nowTree?.length ?? 0) > 0;
    if (old && now) {
      const change = await changeOf(old, now);
      if (change !== null) yield { ...sides, change };
    } else if (!inIt) {
      yield judged({ ...sides, change: old ? 'deleted' : 'added' });
    }
    if (inIt) yield* folders(at, [oldTree, nowTree]);
  }

  const changeOf = async (old: TreeEntry, now: TreeEntry): Promise<BackupChange['change'] | null> => {
    if (old.kind === 'link' && now.kind === 'link') return old.target === now.target ? null : 'target';
    if (old.kind !== 'file' || now.kind !== 'file') return 'changed';
    const same = told
      ? old.blobs.join() === now.blobs.join()
      : await sameContent([before, old], [after, now]);
    if (!same) return 'changed';
    return old.mode === now.mode ? null : 'mode';
  };

  if (path === '') {
    if (before.root === after.root) return;
    yield* folders('', await Promise.all([before.tree(before.root), after.tree(after.root)]));
    return;
  }
  const [old, now] = await Promise.all([findEntry(before, path), findEntry(after, path)]);
  if (old === null && now === null) await entryAt(after, path);
  yield* entries(path, old ?? undefined, now ?? undefined);
}

function compareDatabases({ database: old }: Snapshot, { database: now }: Snapshot): Comparison['database'] {
  const olds = new Map(old?.tables.map(({ name, rows }) => [name, rows]));
  const nows = new Map(now?.tables.map(({ name, rows }) => [name, rows]));
  const tables = [...new Set([...olds.keys(), ...nows.keys()])]
    .sort(byCodeUnits)
    .map((name) => ({ name, before: olds.get(name) ?? null, after: nows.get(name) ?? null }))
    .filter((table) => table.before !== table.after);
  if (!old || !now) return { change: old ? 'deleted' : now ? 'added' : 'none', tables };
  // A dump is in a stable order without dates, so the same rows are the same bytes.
  const same = old.size === now.size && old.blobs.join() === now.blobs.join();
  return { change: same ? 'same' : 'changed', tables };
}

/** Tells of a path whether it, or a folder that it is in, is one of these. `.` is the root. */
export function coverOf(paths: readonly string[]): (path: string) => boolean {
  const covered = new Set(paths);
  return (path) => {
    if (covered.size === 0) return false;
    const parts = path.split('/');
    return covered.has('.') || parts.some((_, last) => covered.has(parts.slice(0, last + 1).join('/')));
  };
}

function compared(entry: TreeEntry | undefined): ComparedEntry | null {
  if (!entry) return null;
  return {
    kind: entry.kind,
    size: entry.kind === 'file' ? entry.size : 0,
    modifiedAt: Math.round(Number(entry.mtime) * 1000),
    mode: entry.mode,
    target: entry.kind === 'link' ? entry.target : null,
  };
}

/** The same blobs are the same bytes. Other blobs may be the same bytes cut otherwise: where that may be, both are read. */
export async function sameContent(
  [oldIn, old]: readonly [Snapshot, FileEntry],
  [nowIn, now]: readonly [Snapshot, FileEntry],
): Promise<boolean> {
  if (old.size !== now.size) return false;
  if (old.blobs.join() === now.blobs.join()) return true;
  const perhaps = old.mtime === now.mtime || old.blobs.length > 1 || now.blobs.length > 1;
  return perhaps && sameBytes(oldIn.read(old.blobs), nowIn.read(now.blobs));
}

/** Whether two streams hold the same bytes, however they are cut. Ends at the first that differs. */
async function sameBytes(a: AsyncIterable<Buffer>, b: AsyncIterable<Buffer>): Promise<boolean> {
  const others = b[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  try {
    for await (const part of a) {
      for (let at = 0; at < part.length;) {
        if (held.length === 0) {
          const next = await others.next();
          if (next.done === true) return false;
          held = next.value;
          continue;
        }
        const length = Math.min(held.length, part.length - at);
        if (!held.subarray(0, length).equals(part.subarray(at, at + length))) return false;
        held = held.subarray(length);
        at += length;
      }
    }
    if (held.length > 0) return false;
    for (;;) {
      const next = await others.next();
      if (next.done === true) return true;
      if (next.value.length > 0) return false;
    }
  } finally {
    await others.return?.();
  }
}

const byCodeUnits = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
