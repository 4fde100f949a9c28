import { scanMysql } from '../database/dump/mysql-scan.ts';
import { scanPostgres } from '../database/dump/postgres-scan.ts';

/** What a dump holds, as found by reading it through. */
export interface DumpContent {
  /** Rows of each table and view that it makes, by name. */
  readonly rows: ReadonlyMap<string, number>;
  /** Whether it goes on to what its dumper writes last. */
  readonly complete: boolean;
}

/** Reads a dump of MySQL or MariaDB: its tables, and the rows of its INSERTs, without taking text for either. */
export async function readMysqlDump(dump: AsyncIterable<Buffer>): Promise<DumpContent> {
  const rows = new Map<string, number>();
  const scan = scanMysql({
    // A sequence counts as one row, as a server counts it.
    made: (kind, name) => void (rows.has(name) || rows.set(name, kind === 'SEQUENCE' ? 1 : 0)),
    row: (name) => void rows.set(name, (rows.get(name) ?? 0) + 1),
  });
  for await (const chunk of dump) scan.feed(chunk);
  return { rows, complete: scan.complete() };
}

/** Reads a dump of pg_dump: its tables and views, and the lines of its COPYs. */
export async function readPostgresDump(dump: AsyncIterable<Buffer>): Promise<DumpContent> {
  const rows = new Map<string, number>();
  const scan = scanPostgres({
    made: (_kind, name) => void (rows.has(name) || rows.set(name, 0)),
    copies: (name) => void (rows.has(name) || rows.set(name, 0)),
    row: (name) => void rows.set(name, (rows.get(name) ?? 0) + 1),
  });
  for await (const chunk of dump) scan.feed(chunk);
  return { rows, complete: scan.complete() };
}
