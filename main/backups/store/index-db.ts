import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { Sha256 } from '../../words/index.ts';
import type { BlobId, BlobPlace } from './pack.ts';

/** Finds blobs in packs. A cache: everything in it can be read again from the packs. */
export interface StoreIndex {
  find(id: BlobId): (BlobPlace & { pack: string }) | null;
  add(pack: string, size: number, places: readonly BlobPlace[]): void;
  packs(): { name: string; size: number }[];
  placesIn(pack: string): BlobPlace[];
  forgetPack(pack: string): void;
  /** For a blob that turned out damaged: the next backup stores it anew. */
  forgetBlob(id: BlobId): void;
  verifiedAt(backup: string): number | null;
  setVerified(backup: string, at: number): void;
  close(): void;
}

const Row = z.object({
  id: z.instanceof(Uint8Array),
  name: z.string(),
  offset: z.number(),
  stored: z.number(),
  raw: z.number(),
  codec: z.number(),
});

export function openIndex(file: string): StoreIndex {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;
    CREATE TABLE IF NOT EXISTS packs (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS blobs (id BLOB PRIMARY KEY, pack INTEGER NOT NULL, offset INTEGER NOT NULL, stored INTEGER NOT NULL, raw INTEGER NOT NULL, codec INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS blobs_by_pack ON blobs (pack);
    CREATE TABLE IF NOT EXISTS verified (backup TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;`);
  const find = db.prepare(
    'SELECT blobs.id AS id, name, offset, stored, raw, codec FROM blobs JOIN packs ON packs.number = blobs.pack WHERE blobs.id = ?',
  );
  const inPack = db.prepare(
    'SELECT blobs.id AS id, name, offset, stored, raw, codec FROM blobs JOIN packs ON packs.number = blobs.pack WHERE name = ?',
  );
  const insertPack = db.prepare(
    'INSERT INTO packs (name, size) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET size = excluded.size RETURNING number',
  );
  const insertBlob = db.prepare(
    'INSERT OR IGNORE INTO blobs (id, pack, offset, stored, raw, codec) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const placeOf = (row: unknown) => {
    const { id, name, ...place } = Row.parse(row);
    return { ...place, pack: name, id: Sha256.parse(Buffer.from(id).toString('hex')) };
  };
  return {
    find(id) {
      const row = find.get(Buffer.from(id, 'hex'));
      return row === undefined ? null : placeOf(row);
    },
    add(pack, size, places) {
      db.exec('BEGIN IMMEDIATE');
      try {
        const number = z.object({ number: z.number() }).parse(insertPack.get(pack, size)).number;
        for (const place of places)
          insertBlob.run(
            Buffer.from(place.id, 'hex'),
            number,
            place.offset,
            place.stored,
            place.raw,
            place.codec,
          );
        db.exec('COMMIT');
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      }
    },
    packs: () =>
      z
        .array(z.object({ name: z.string(), size: z.number() }))
        .parse(db.prepare('SELECT name, size FROM packs').all()),
    placesIn: (pack) => inPack.all(pack).map(placeOf),
    forgetPack(pack) {
      db.exec('BEGIN IMMEDIATE');
      db.prepare('DELETE FROM blobs WHERE pack = (SELECT number FROM packs WHERE name = ?)').run(pack);
      db.prepare('DELETE FROM packs WHERE name = ?').run(pack);
      db.exec('COMMIT');
    },
    forgetBlob(id) {
      db.prepare('DELETE FROM blobs WHERE id = ?').run(Buffer.from(id, 'hex'));
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
    close: () => db.close(),
  };
}
