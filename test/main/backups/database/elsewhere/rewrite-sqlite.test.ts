import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { placesOf } from '../../../../../main/backups/database/elsewhere/places.ts';
import { rewriteSqlite } from '../../../../../main/backups/database/elsewhere/rewrite-sqlite.ts';
import type { Rewritten } from '../../../../../main/backups/index.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gk-rewrite-'));
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** What becomes of a database that these statements make, read by one more statement. */
async function rewritten(made: string, query: string) {
  fs.mkdirSync(folder, { recursive: true });
  const [before, after] = [path.join(folder, 'before'), path.join(folder, 'after')];
  const source = new DatabaseSync(before);
  source.exec(made);
  source.close();
  const told: Rewritten[] = [];
  const moves = {
    fromPrefix: 'wp_',
    places: placesOf([{ kind: 'url', from: 'http://a.example', to: 'https://longer.example/x' }]),
    rulesOf: (table: string) =>
      table === 'posts'
        ? { keep: ['guid'] }
        : table === 'options'
          ? {
              row: (value: (column: string) => string | null) =>
                value('name') === 'home'
                  ? { value: 'https://home' }
                  : value('name') === 'stale'
                    ? ('drop' as const)
                    : null,
            }
          : null,
  };
  const parts: Buffer[] = [];
  async function* dump() {
    yield fs.readFileSync(before);
  }
  for await (const part of rewriteSqlite(dump(), moves, (found) => told.push(found))) parts.push(part);
  fs.writeFileSync(after, Buffer.concat(parts));
  const result = new DatabaseSync(after);
  const rows = result.prepare(query).all();
  expect(result.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  result.close();
  return { rows: rows.map((row) => Object.values(row)), told: told[0] ?? expect.fail('nothing was told') };
}

describe('a database of SQLite for another site', () => {
  it('has its addresses changed, in serialized PHP too, and every other value as it was', async () => {
    const { rows, told } = await rewritten(
      `CREATE TABLE wp_things (a TEXT, b BLOB, c REAL, d INTEGER);
       INSERT INTO wp_things VALUES
         ('see http://a.example/1', x'00ff', 1.5, 9007199254740993),
         ('a:1:{i:0;s:16:"http://a.example";}', x'${Buffer.from('http://a.example').toString('hex')}', NULL, -1),
         (CAST(x'e9' || x'00' AS TEXT), NULL, 0.1, 0),
         ('http://a.example.org', NULL, NULL, NULL);`,
      'SELECT CAST(a AS BLOB) AS a, hex(b) AS b, c, CAST(d AS TEXT) AS d, typeof(a) AS t FROM wp_things ORDER BY rowid',
    );
    const text = (value: unknown) => Buffer.from(value instanceof Uint8Array ? value : []).toString('latin1');
    expect(rows.map(([a, ...rest]) => [text(a), ...rest])).toEqual([
      ['see https://longer.example/x/1', '00FF', 1.5, '9007199254740993', 'text'],
      [
        'a:1:{i:0;s:24:"https://longer.example/x";}',
        Buffer.from('http://a.example').toString('hex').toUpperCase(),
        null,
        '-1',
        'text',
      ],
      ['\xe9\0', '', 0.1, '0', 'text'],
      ['http://a.example.org', '', null, null, 'text'],
    ]);
    expect(told).toMatchObject({
      ...{ tables: 1, rows: 4, values: 2, places: 2 },
      left: [{ because: 'binary', column: 'wp_things.b', values: 1 }],
    });
  });

  it('obeys what is known of its tables', async () => {
    const { rows, told } = await rewritten(
      `CREATE TABLE wp_posts (guid TEXT, text TEXT); INSERT INTO wp_posts VALUES ('http://a.example/?p=1', 'http://a.example/?p=1');
       CREATE TABLE wp_options (name TEXT, value TEXT); INSERT INTO wp_options VALUES ('home', 'http://a.example'), ('stale', 'x');`,
      'SELECT guid, text FROM wp_posts UNION ALL SELECT name, value FROM wp_options',
    );
    expect(rows).toEqual([
      ['http://a.example/?p=1', 'https://longer.example/x/?p=1'],
      ['home', 'https://home'],
    ]);
    expect(told).toMatchObject({
      left: [{ because: 'kept', column: 'wp_posts.guid', values: 1 }],
      dropped: [{ table: 'wp_options', rows: 1 }],
    });
  });

  it('lets nothing act by itself while it is rewritten, or afterwards', async () => {
    const { rows, told } = await rewritten(
      `CREATE TABLE wp_a (text TEXT); INSERT INTO wp_a VALUES ('http://a.example');
       CREATE TABLE wp_log (n); CREATE TRIGGER acts AFTER UPDATE ON wp_a BEGIN INSERT INTO wp_log VALUES (1); END;
       CREATE VIEW seen AS SELECT * FROM wp_a;`,
      "SELECT (SELECT count(*) FROM wp_log), (SELECT count(*) FROM sqlite_master WHERE type IN ('trigger', 'view'))",
    );
    expect(rows).toEqual([[0, 0]]);
    expect(told.notTaken).toEqual(['trigger acts', 'view seen']);
  });
});
