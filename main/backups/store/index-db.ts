import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { Sha256, type SiteId } from '../../words/index.ts';
import type { BlobId } from './keys.ts';
import type { BlobPlace } from './pack.ts';
import type { StoreFile } from './store-files.ts';

/** A blob and the pack it is in. */
export interface FoundBlob extends BlobPlace {
  readonly pack: string;
}

export interface KnownPack {
  readonly name: string;
  readonly size: number;
  readonly salt: Buffer;
  /** When every byte of it was last read back; null: never. */
  readonly checkedAt: number | null;
}

/** Finds blobs in packs. A cache: everything in it can be read again from the packs. */
export interface StoreIndex {
  readonly has: (id: BlobId) => boolean;
  /** Which of some are not there; thousands at once cost a fifth of asking for each. */
  readonly lacks: (ids: readonly BlobId[]) => Set<BlobId>;
  find(id: BlobId): FoundBlob | null;
  pack(name: string): KnownPack | null;
  packs(): KnownPack[];
  placesIn(pack: string): BlobPlace[];
  /** @param replacing whether these places hold from now on, wherever the blobs were before */
  add(
    pack: { readonly name: string; readonly size: number; readonly salt: Buffer },
    places: readonly BlobPlace[],
    replacing?: boolean,
  ): void;
  forgetPack(pack: string): void;
  /** For a blob that turned out damaged: the next backup stores it anew. */
  forgetBlob(id: BlobId): void;
  setChecked(pack: string, at: number): void;
  verifiedAt(backup: string): number | null;
  setVerified(backup: string, at: number): void;
  /** Lists of files (blobs) that backups of a site which came to no end had stored, the oldest first. */
  unfinished(site: SiteId): BlobId[];
  addUnfinished(site: SiteId, list: BlobId): void;
  forgetUnfinished(site: SiteId): void;
  /** Records that are to be there, by name: so that one that vanished is missed. */
  records(): StoreFile[];
  expectRecord(name: StoreFile): void;
  forgetRecord(name: StoreFile): void;
  /** Moves what was written into the file itself, and gives back the room of SQLite's log. */
  settle(): void;
  /** Reads from the disk, whatever is remembered. @throws where the disk does not answer */
  touch(): void;
  close(): void;
}

const VERSION = 2;
const Row = z.object({
  id: z.instanceof(Uint8Array),
  name: z.string(),
  offset: z.number(),
  stored: z.number(),
  raw: z.number(),
  codec: z.number(),
});
const PackRow = z.object({
  name: z.string(),
  size: z.number(),
  salt: z.instanceof(Uint8Array),
  checked_at: z.number().nullable(),
});

const LackedRow = z.object({ id: Sha256 });
const UnfinishedRow = z.object({ list: z.instanceof(Uint8Array) });

/** @throws when the file is no index of this version; it can be made anew then. */
export function openIndex(file: string): StoreIndex {
  const db = new DatabaseSync(file);
  try {
    const version = z
      .object({ user_version: z.number() })
      .parse(db.prepare('PRAGMA user_version').get()).user_version;
    if (version !== 0 && version !== VERSION) throw new RangeError(`an index of version ${version}`);
    // A store has one owner. Nothing is shared through mapped memory then, which would end the process where a disk goes away.
    db.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;
      CREATE TABLE IF NOT EXISTS packs (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, salt BLOB NOT NULL, checked_at INTEGER) STRICT;
      CREATE TABLE IF NOT EXISTS blobs (id BLOB PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL, raw INTEGER NOT NULL, codec INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS blobs_by_pack ON blobs (pack);
      CREATE TABLE IF NOT EXISTS unfinished (number INTEGER PRIMARY KEY, site TEXT NOT NULL, list BLOB NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS verified (backup TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
      PRAGMA user_version=${VERSION};`);
  } catch (error) {
    db.close();
    throw error;
  }
  const columns = 'blobs.id AS id, name, offset, stored, raw, codec';
  const find = db.prepare(
    `SELECT ${columns} FROM blobs JOIN packs ON packs.number = blobs.pack WHERE blobs.id = ?`,
  );
  const has = db.prepare('SELECT 1 FROM blobs WHERE id = ?');
  const lacks = db.prepare(
    'SELECT asked.value AS id FROM json_each(?) AS asked WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE id = unhex(asked.value))',
  );
  const inPack = db.prepare(
    `SELECT ${columns} FROM blobs JOIN packs ON packs.number = blobs.pack WHERE name = ? ORDER BY offset`,
  );
  const onePack = db.prepare('SELECT name, size, salt, checked_at FROM packs WHERE name = ?');
  const insertPack = db.prepare(
    'INSERT INTO packs (name, size, salt) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET size = excluded.size RETURNING number',
  );
  const values = '(id, pack, offset, stored, raw, codec) VALUES (?, ?, ?, ?, ?, ?)';
  const insertBlob = db.prepare(`INSERT OR IGNORE INTO blobs ${values}`);
  const replaceBlob = db.prepare(`INSERT OR REPLACE INTO blobs ${values}`);
  const packOf = (row: unknown): KnownPack => {
    const { salt, checked_at: checkedAt, ...rest } = PackRow.parse(row);
    return { ...rest, salt: Buffer.from(salt), checkedAt };
  };
  const placeOf = (row: unknown): FoundBlob => {
    const { id, name, ...place } = Row.parse(row);
    return { ...place, pack: name, id: Sha256.parse(Buffer.from(id).toString('hex')) };
  };
  const atOnce = (change: () => void) => {
    db.exec('BEGIN IMMEDIATE');
    try {
      change();
      db.exec('COMMIT');
    } catch (error) {
      // SQLite has done so itself where the disk failed.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
  return {
    has: (id) => has.get(Buffer.from(id, 'hex')) !== undefined,
    lacks: (ids) => new Set(lacks.all(JSON.stringify(ids)).map((row) => LackedRow.parse(row).id)),
    find(id) {
      const row = find.get(Buffer.from(id, 'hex'));
      return row === undefined ? null : placeOf(row);
    },
    pack(name) {
      const row = onePack.get(name);
      return row === undefined ? null : packOf(row);
    },
    packs: () =>
      db.prepare('SELECT name, size, salt, checked_at FROM packs ORDER BY number').all().map(packOf),
    placesIn: (pack) => inPack.all(pack).map(placeOf),
    add: (pack, places, replacing = false) =>
      atOnce(() => {
        const { number } = z
          .object({ number: z.number() })
          .parse(insertPack.get(pack.name, pack.size, pack.salt));
        const insert = replacing ? replaceBlob : insertBlob;
        for (const place of places)
          insert.run(
            Buffer.from(place.id, 'hex'),
            number,
            place.offset,
            place.stored,
            place.raw,
            place.codec,
          );
      }),
    forgetPack: (pack) =>
      atOnce(() => {
        db.prepare('DELETE FROM blobs WHERE pack = (SELECT number FROM packs WHERE name = ?)').run(pack);
        db.prepare('DELETE FROM packs WHERE name = ?').run(pack);
      }),
    forgetBlob(id) {
      db.prepare('DELETE FROM blobs WHERE id = ?').run(Buffer.from(id, 'hex'));
    },
    setChecked(pack, at) {
      db.prepare('UPDATE packs SET checked_at = ? WHERE name = ?').run(at, pack);
    },
    verifiedAt(backup) {
      const row = db.prepare('SELECT at FROM verified WHERE backup = ?').get(backup);
      return row === undefined ? null : z.object({ at: z.number() }).parse(row).at;
    },
    setVerified(backup, at) {
      db.prepare(
        'INSERT INTO verified (backup, at) VALUES (?, ?) ON CONFLICT (backup) DO UPDATE SET at = excluded.at',
      ).run(backup, at);
    },
    unfinished: (site) =>
      db
        .prepare('SELECT list FROM unfinished WHERE site = ? ORDER BY number')
        .all(site)
        .map((row) => Sha256.parse(Buffer.from(UnfinishedRow.parse(row).list).toString('hex'))),
    addUnfinished(site, list) {
      db.prepare('INSERT INTO unfinished (site, list) VALUES (?, ?)').run(site, Buffer.from(list, 'hex'));
    },
    forgetUnfinished(site) {
      db.prepare('DELETE FROM unfinished WHERE site = ?').run(site);
    },
    records: () =>
      db
        .prepare('SELECT name FROM records ORDER BY name')
        .all()
        .map((row) => z.object({ name: z.string() }).parse(row).name),
    expectRecord(name) {
      db.prepare('INSERT OR IGNORE INTO records (name) VALUES (?)').run(name);
    },
    forgetRecord(name) {
      db.prepare('DELETE FROM records WHERE name = ?').run(name);
    },
    settle: () => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
    touch() {
      db.exec('PRAGMA shrink_memory');
      db.prepare('SELECT count(*) FROM packs').get();
    },
    close: () => db.close(),
  };
}
