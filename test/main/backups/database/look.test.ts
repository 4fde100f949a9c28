import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Cell } from '../../../../main/backups/database/dump/cell.ts';
import { indexDump, readRows } from '../../../../main/backups/database/dump/look.ts';
import type { Sha256 } from '../../../../main/words/index.ts';
import { read, stored } from './stored.ts';

type Value = string | number | null | Buffer;
const cell = (value: Value): Cell => {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'number') return { kind: 'number', text: String(value) };
  if (typeof value === 'string')
    return { kind: 'text', text: value, bytes: Buffer.byteLength(value), whole: true };
  return { kind: 'binary', hex: value.toString('hex'), bytes: value.length, whole: true };
};
const inMysql = (value: Value): string => {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return value.length === 0 ? "_binary ''" : `0x${value.toString('hex')}`;
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `'${escaped.replaceAll('\n', '\\n').replaceAll('\0', '\\0').replaceAll('\x1a', '\\Z')}'`;
};
const inCopy = (value: Value): string => {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return `\\\\x${value.toString('hex')}`;
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
};

const text = fc.string({ unit: fc.constantFrom(...'ab;\'"`\\()-, \n\t/*#é😀N0x\0\x1a'), maxLength: 12 });
const value = fc.oneof(
  text,
  fc.integer(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)),
);
const name = fc.string({ unit: fc.constantFrom(..."ab `-;('é"), minLength: 1, maxLength: 6 });
const tables = fc.integer({ min: 1, max: 4 }).chain((width) =>
  fc.uniqueArray(
    fc.record({
      name,
      rows: fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 8 }),
    }),
    { selector: (table) => table.name, minLength: 1, maxLength: 4 },
  ),
);
const piece = fc.integer({ min: 1, max: 300 });

describe('the rows of a table in a dump', () => {
  it('of MySQL are what they were, from any row on, however the store has cut it', async () => {
    await fc.assert(
      fc.asyncProperty(tables, piece, fc.nat(8), fc.boolean(), async (given, size, from, lines) => {
        const dump = given
          .map((table) => {
            const own = `\`${table.name.replaceAll('`', '``')}\``;
            const columns = (table.rows[0] ?? [0]).map(
              (_, index) => `  \`c${index}\` text COMMENT 'it''s (\`x\`)'`,
            );
            const rows = table.rows.map((row) => `(${row.map(inMysql).join(',')})`).join(lines ? ',\n' : ',');
            return `DROP TABLE IF EXISTS ${own};\nCREATE TABLE ${own} (\n${columns.join(',\n')}\n);\n${rows === '' ? '' : `INSERT INTO ${own} VALUES${lines ? '\n' : ' '}${rows};\n`}`;
          })
          .join('');
        for (const table of given) {
          const found = await read(stored('mysql', dump, size), table.name, from, 3);
          expect(found.rows).toEqual(table.rows.slice(from, from + 3).map((row) => row.map(cell)));
          expect(found.table?.rows).toBe(table.rows.length);
          expect(found.table?.columns).toEqual((table.rows[0] ?? [0]).map((_, index) => `c${index}`));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('of PostgreSQL are what they were, from any row on, however the store has cut it', async () => {
    const numbersAsText = (one: Value) => cell(typeof one === 'number' ? String(one) : one);
    // A text that looks just as PostgreSQL writes bytes is shown as such: what a column holds is not read.
    const withoutZero = (one: Value) =>
      typeof one === 'string' ? one.replaceAll('\0', '').replace(/^\\x(?=(?:[0-9a-f]{2})*$)/, 'x') : one;
    await fc.assert(
      fc.asyncProperty(tables, piece, fc.nat(8), async (given, size, from) => {
        const clean = given.map((table) => ({
          name: table.name,
          rows: table.rows.map((row) => row.map(withoutZero)),
        }));
        const dump = clean
          .map((table) => {
            const own = `public."${table.name}"`;
            const columns = (table.rows[0] ?? [0]).map((_, index) => `"c ${index}"`).join(', ');
            const rows = table.rows.map((row) => `${row.map(inCopy).join('\t')}\n`).join('');
            return `CREATE TABLE ${own} (\n    "c 0" text\n);\n\nCOPY ${own} (${columns}) FROM stdin;\n${rows}\\.\n\n`;
          })
          .join('');
        for (const table of clean) {
          const found = await read(stored('postgresql', dump, size), table.name, from, 3);
          expect(found.rows).toEqual(table.rows.slice(from, from + 3).map((row) => row.map(numbersAsText)));
          expect(found.table?.rows).toBe(table.rows.length);
          expect(found.table?.columns).toEqual((table.rows[0] ?? [0]).map((_, index) => `c ${index}`));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('are found without reading those before them, and in many statements as in one', async () => {
    const rows = Array.from({ length: 30_000 }, (_, at) => `(${at},'${'x'.repeat(at % 100)}')`);
    const statements = Array.from({ length: 30 }, (_, at) =>
      rows.slice(at * 1000, at * 1000 + 1000).join(','),
    );
    const dump = `CREATE TABLE \`t\` (\n  \`a\` int,\n  \`b\` text\n);\n${statements.map((one) => `INSERT INTO \`t\` (\`a\`, \`b\`) VALUES ${one};\n`).join('')}CREATE TABLE \`u\` (\n  \`a\` int\n);\nINSERT INTO \`u\` VALUES (7);\n`;
    const { snapshot, database } = stored('mysql', dump, 16_384);
    const index = await indexDump(snapshot, database);
    expect(index.tables.get('t')).toMatchObject({ rows: 30_000, columns: ['a', 'b'] });
    let bytes = 0;
    const counting = {
      async *read(blobs: readonly Sha256[]) {
        for await (const chunk of snapshot.read(blobs)) {
          bytes += chunk.length;
          yield chunk;
        }
      },
    };
    const found: string[] = [];
    await readRows(
      counting,
      database,
      index,
      { table: 't', from: 25_999, most: 10, budget: 1e9 },
      (_at, row) => {
        found.push(row[0]?.head.toString() ?? '');
        return found.length < 2;
      },
    );
    expect(found).toEqual(['25999', '26000']);
    expect(bytes).toBeLessThan(400_000);
    const last: string[] = [];
    await readRows(snapshot, database, index, { table: 't', from: 29_998, most: 10, budget: 1e9 }, (at) => {
      last.push(String(at));
      return true;
    });
    expect(last).toEqual(['29998', '29999']);
  });

  it('are cut where they are long, and say how long they are', async () => {
    const photo = 'ff'.repeat(3_000_000);
    const dump = `CREATE TABLE \`t\` (\n  \`a\` text,\n  \`b\` longblob\n);\nINSERT INTO \`t\` VALUES ('${"é\\'".repeat(500_000)}',0x${photo});\n`;
    const { rows } = await read(stored('mysql', dump, 65_536), 't', 0, 1, 4);
    expect(rows).toEqual([
      [
        { kind: 'text', text: "é'", bytes: 1_500_000, whole: false },
        { kind: 'binary', hex: 'ffffffff', bytes: 3_000_000, whole: false },
      ],
    ]);
  });

  it('of whatever a hostile site calls a dump end somewhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('mysql' as const, 'postgresql' as const),
        fc.string({
          unit: fc.oneof(
            fc.constantFrom('INSERT INTO `t` VALUES ', '(', ')', "'", ';', '\n', '\\', '`', 'DELIMITER ;;\n'),
            fc.constantFrom(
              'CREATE TABLE `t` (\n',
              'COPY t (a) FROM stdin;\n',
              '\\.\n',
              ',',
              '0x',
              '/*',
              '--',
            ),
          ),
          maxLength: 60,
        }),
        piece,
        async (kind, dump, size) => {
          await read(stored(kind, dump, size), 't', 0, 5);
        },
      ),
      { numRuns: 300 },
    );
  });
});
