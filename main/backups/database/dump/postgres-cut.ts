import type { Snapshot, StoredDatabase } from '../../store/types.ts';
import { scanStatements } from './postgres-statements.ts';

const NAME = '(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)';
const TABLE = `(?<table>${NAME}\\.${NAME})`;
const OTHER = `(?<other>${NAME}\\.${NAME})`;
const EVENT = `(?:INSERT|DELETE|TRUNCATE|UPDATE)(?: OF ${NAME}(?:, ${NAME})*)?`;

/** The statements of pg_dump that make a table, and what is a part of it. Nothing that is not here is of a table. */
const OF_TABLE = [
  `CREATE (?:UNLOGGED )?TABLE ${TABLE} \\(`,
  `ALTER TABLE (?:ONLY )?${TABLE}\\s(?!\\s*ATTACH PARTITION )`,
  `CREATE (?:UNIQUE )?INDEX (?<index>${NAME}) ON (?:ONLY )?${TABLE} USING `,
  `CREATE (?:CONSTRAINT )?TRIGGER ${NAME} (?:BEFORE|AFTER|INSTEAD OF) ${EVENT}(?: OR ${EVENT})* ON ${TABLE} `,
  `CREATE RULE ${NAME} AS\\s+ON [A-Z]+ TO ${TABLE}\\s`,
  `CREATE POLICY ${NAME} ON ${TABLE}\\s`,
  `CREATE STATISTICS ${NAME}\\.${NAME} [^;']*FROM ${TABLE};$`,
  `COMMENT ON TABLE ${TABLE} IS `,
  `COMMENT ON COLUMN ${TABLE}\\.${NAME} IS `,
  `COMMENT ON (?:CONSTRAINT|TRIGGER|RULE|POLICY) ${NAME} ON ${TABLE} IS `,
].map((form) => new RegExp(`^${form}`));
const COPIES = new RegExp(`^COPY ${TABLE} `);
const MADE = /^CREATE (?:UNLOGGED )?TABLE /;
const ATTACHES = new RegExp(`^ALTER TABLE ONLY ${OTHER}\\s+ATTACH PARTITION ${TABLE}\\s`);
const IDENTITY = new RegExp(`\\sSEQUENCE NAME ${OTHER}\\s`);
const OWNED = new RegExp(`^ALTER SEQUENCE ${OTHER} OWNED BY ${TABLE}\\.${NAME};$`);
const SEQUENCE = new RegExp(`^(?:CREATE (?:UNLOGGED )?SEQUENCE|COMMENT ON SEQUENCE) ${OTHER}[\\s;]`);
const SETVAL = /^SELECT pg_catalog\.setval\('(?<other>(?:[^']|'')+)', -?\d+, (?:true|false)\);$/;
const INDEX_COMMENT = new RegExp(`^COMMENT ON INDEX (?<schema>${NAME})\\.(?<index>${NAME}) IS `);

/** Text is latin1: a character for each byte of the dump. */
export type TablePiece =
  | { readonly kind: 'definition' | 'value'; readonly table: string; readonly sql: string }
  | {
      readonly kind: 'rows';
      readonly table: string;
      readonly sql: string;
      readonly from: number;
      readonly to: number;
    };

/** What a dump of pg_dump says of its tables, in its order. Tables are named as it writes them: `public."Odd name"`. */
export interface CutDump {
  readonly tables: ReadonlySet<string>;
  /** Tables that are made of parts, and the parts. */
  readonly parted: ReadonlySet<string>;
  readonly parts: ReadonlySet<string>;
  readonly pieces: readonly TablePiece[];
  /** Where each piece of the store begins, and where the last one ends. */
  readonly starts: readonly number[];
}

/** Takes a dump of pg_dump apart by tables. Rows are not held. */
export async function cutPostgres(dump: AsyncIterable<Buffer>): Promise<CutDump> {
  const [tables, parted, parts] = [new Set<string>(), new Set<string>(), new Set<string>()];
  /** A sequence, or an index, and whose it is. */
  const owners = new Map<string, string>();
  const all: (
    | TablePiece
    | { readonly kind: 'sequence' | 'value' | 'definition'; readonly of: string; readonly sql: string }
  )[] = [];
  const scan = scanStatements({
    rows(sql, from, to) {
      const table = COPIES.exec(sql)?.groups?.['table'];
      if (table !== undefined) all.push({ kind: 'rows', table, sql, from, to });
    },
    statement(sql) {
      const attached = ATTACHES.exec(sql)?.groups?.['table'];
      if (attached !== undefined) parts.add(attached);
      const value = SETVAL.exec(sql)?.groups?.['other'];
      if (value !== undefined) all.push({ kind: 'value', of: value.replaceAll("''", "'"), sql });
      const sequence = SEQUENCE.exec(sql)?.groups?.['other'];
      if (sequence !== undefined) all.push({ kind: 'definition', of: sequence, sql });
      const owned = OWNED.exec(sql)?.groups;
      if (owned?.['other'] !== undefined && owned['table'] !== undefined) {
        owners.set(owned['other'], owned['table']);
        all.push({ kind: 'definition', table: owned['table'], sql });
      }
      const index = INDEX_COMMENT.exec(sql)?.groups;
      if (index !== undefined)
        all.push({ kind: 'definition', of: `${index['schema']}.${index['index']}`, sql });
      const { table, index: made } =
        OF_TABLE.map((form) => form.exec(sql)?.groups).find((found) => found !== undefined) ?? {};
      if (table === undefined) return;
      all.push({ kind: 'definition', table, sql });
      if (made !== undefined) owners.set(`${schemaOf(table)}.${made}`, table);
      const identity = IDENTITY.exec(sql)?.groups?.['other'];
      if (identity !== undefined) owners.set(identity, table);
      if (!MADE.test(sql)) return;
      tables.add(table);
      if (/\nPARTITION BY [^\n]*;$/.test(sql)) parted.add(table);
    },
  });
  const starts = [0];
  for await (const chunk of dump) {
    starts.push((starts.at(-1) ?? 0) + chunk.length);
    scan(chunk);
  }
  const pieces = all.flatMap((one): TablePiece[] => {
    if ('table' in one) return [one];
    const table = owners.get(one.of);
    return table === undefined
      ? []
      : [{ kind: one.kind === 'value' ? 'value' : 'definition', table, sql: one.sql }];
  });
  return { tables, parted, parts, pieces, starts };
}

/** The bytes of a dump from one place to another, of which nothing else is read. */
export async function* bytesBetween(
  snapshot: Pick<Snapshot, 'read'>,
  { blobs }: StoredDatabase,
  { starts }: CutDump,
  from: number,
  to: number,
): AsyncGenerator<Buffer, void, void> {
  const first = Math.max(
    0,
    starts.findLastIndex((start) => start <= from),
  );
  const after = starts.findIndex((start) => start >= to);
  let at = starts[first] ?? 0;
  for await (const chunk of snapshot.read(blobs.slice(first, after < 0 ? undefined : after))) {
    yield chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    at += chunk.length;
  }
}

function schemaOf(table: string): string {
  return new RegExp(`^${NAME}`).exec(table)?.[0] ?? '';
}
