import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { wordsOf } from '../../words/index.ts';

const Said = z.object({ integrity_check: z.string() });
const Table = z.object({ name: z.string() });
const Count = z.object({ rows: z.number() });

export interface SqliteFound {
  readonly server: string;
  readonly rows: ReadonlyMap<string, number>;
  /** What SQLite finds wrong with it. */
  readonly faults: readonly string[];
}

/** Opens a database as SQLite does, has it checked, and counts the rows of its tables. Nothing in it is run. */
export function readSqlite(file: string): SqliteFound {
  const server = `SQLite ${process.versions['sqlite'] ?? ''}`.trim();
  const rows = new Map<string, number>();
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(file, { readOnly: true, allowExtension: false });
    // A database of a hostile site is data.
    db.exec('PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON');
    const said = z.array(Said).parse(db.prepare('PRAGMA integrity_check(20)').all());
    const faults = said.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    const tables = db
      .prepare(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      .all();
    for (const { name } of z.array(Table).parse(tables)) {
      const counted = db.prepare(`SELECT COUNT(*) AS rows FROM "${name.replaceAll('"', '""')}"`).get();
      rows.set(name, Count.parse(counted).rows);
    }
    return { server, rows, faults };
  } catch (error) {
    return { server, rows, faults: [wordsOf(error)] };
  } finally {
    db?.close();
  }
}
