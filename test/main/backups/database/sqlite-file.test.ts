import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { cellOf } from '../../../../main/backups/database/dump/cell.ts';
import { openSqliteDump } from '../../../../main/backups/database/dump/sqlite-file.ts';
import { aTempFolder } from '../../../rig/index.ts';

const ours = () => fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('gk-look-'));

it('a dump of SQLite is looked into without leaving anything on this computer', async () => {
  const file = path.join(aTempFolder('sqlite').path, 'site.sqlite');
  const made = new DatabaseSync(file);
  made.exec(`PRAGMA journal_mode=WAL; CREATE TABLE "odd ""name" (a INTEGER, b TEXT, c BLOB, d REAL, e TEXT AS (upper(b)));
    INSERT INTO "odd ""name" VALUES (9007199254740993, 'é''"', x'00ff', 0.5), (NULL, 'long${'x'.repeat(500)}', NULL, NULL);
    CREATE TABLE posts (id INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(x);`);
  made.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const bytes = fs.readFileSync(file);
  made.close();
  const before = ours();
  const db = await openSqliteDump(
    (async function* () {
      yield bytes.subarray(0, 5000);
      yield bytes.subarray(5000);
    })(),
  );
  try {
    expect(db.tables()).toEqual(expect.arrayContaining(['odd "name', 'posts']));
    expect(db.tables()).not.toContain('f');
    expect(db.columns('odd "name')).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(db.count('odd "name')).toBe(2);
    const rows = db.rows('odd "name', 0, 10, 8).map((row) => row.map((found) => cellOf(found, 8)));
    const nothing = { kind: 'null' };
    expect(rows).toEqual([
      [
        { kind: 'number', text: '9007199254740993' },
        { kind: 'text', text: `é'"`, bytes: 4, whole: true },
        { kind: 'binary', hex: '00ff', bytes: 2, whole: true },
        { kind: 'number', text: '0.5' },
        { kind: 'text', text: `é'"`, bytes: 4, whole: true },
      ],
      [
        nothing,
        { kind: 'text', text: 'longxxxx', bytes: 504, whole: false },
        nothing,
        nothing,
        { kind: 'text', text: 'LONGXXXX', bytes: 504, whole: false },
      ],
    ]);
    expect(db.rows('odd "name', 1, 10, 8)).toHaveLength(1);
  } finally {
    await db.close();
  }
  expect(ours()).toEqual(before);
});

it('what is no database is said to be none', async () => {
  const before = ours();
  await expect(
    openSqliteDump(
      (async function* () {
        yield Buffer.from('no database at all');
      })(),
    ),
  ).rejects.toMatchObject({ code: 'dump-unreadable' });
  expect(ours()).toEqual(before);
});
