import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMysqlDump, readPostgresDump } from '../../../../main/backups/index.ts';
import { ownDefiners } from '../../../../main/backups/drill/own-definers.ts';

async function* inParts(text: string, part: number) {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += part) yield bytes.subarray(from, from + part);
}
const parts = fc.integer({ min: 1, max: 200 });
const END = '/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n';
const START = '/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\n';

const quoted = (value: string) =>
  `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;

describe('a dump of MySQL', () => {
  it('is read to its tables and rows, whatever its text looks like and in whatever parts it comes', async () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab;\'"`\\()-, \n/*#é'), maxLength: 12 });
    const name = fc.string({ unit: fc.constantFrom(..."ab `-;('é"), minLength: 1, maxLength: 6 });
    const tables = fc.uniqueArray(
      fc.record({ name, rows: fc.array(fc.array(text, { minLength: 1, maxLength: 3 }), { maxLength: 6 }) }),
      {
        selector: (table) => table.name,
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(tables, parts, fc.boolean(), async (given, part, lines) => {
        const dump = given
          .map(({ name: table, rows }) => {
            const own = `\`${table.replaceAll('`', '``')}\``;
            const list = rows.map((row) => `(${row.map(quoted).join(',')})`).join(lines ? ',\n' : ',');
            return `DROP TABLE IF EXISTS ${own};\nCREATE TABLE ${own} (\n  \`a\` int DEFAULT '0;' COMMENT 'it''s (one)'\n);\n${rows.length === 0 ? '' : `INSERT INTO ${own} VALUES${lines ? '\n' : ' '}${list};\n`}`;
          })
          .join('');
        const found = await readMysqlDump(inParts(START + dump + END, part));
        expect(found.complete).toBe(true);
        expect([...found.rows]).toEqual(given.map(({ name: table, rows }) => [table, rows.length]));
        expect((await readMysqlDump(inParts(START + dump, part))).complete).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('breaks off wherever it is cut', async () => {
    const dump = `${START}CREATE TABLE \`t\` (a int);\nINSERT INTO \`t\` VALUES (1,'x'),(2,'y');\n${END}`;
    for (let length = 0; length < dump.length - 2; length += 1)
      expect((await readMysqlDump(inParts(dump.slice(0, length), 64))).complete, dump.slice(0, length)).toBe(
        false,
      );
  });

  it('takes an INSERT within a program for no row, and its comments’ apostrophes for no text', async () => {
    const dump = `${START}CREATE TABLE \`t\` (a int);\nINSERT INTO \`t\` (\`a\`) VALUES (1);\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=\`a\`@\`b\`*/ /*!50003 TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN\n-- it's a comment\nINSERT INTO \`t\` VALUES (9);\nEND */;;\nDELIMITER ;\n/*!50001 CREATE VIEW \`v\` AS SELECT 1 AS \`a\` */;\n${END}`;
    const found = await readMysqlDump(inParts(dump, 50));
    expect([...found.rows]).toEqual([
      ['t', 1],
      ['v', 0],
    ]);
    expect(found.complete).toBe(true);
  });
});

describe('a dump of PostgreSQL', () => {
  it('is read to its tables and rows, in whatever parts it comes', async () => {
    const dump = `--\n-- PostgreSQL database dump\n--\nCREATE TABLE public.t (\n    a integer\n);\nCREATE TABLE public."Odd ""name""" (a text);\nCREATE VIEW shop.orders AS\n SELECT 1;\nCOPY public.t (a) FROM stdin;\n1\n\\N\nCREATE TABLE no.row (a);\n\\.\nCOPY public."Odd ""name""" (a) FROM stdin;\n\\.\n--\n-- PostgreSQL database dump complete\n--\n`;
    await fc.assert(
      fc.asyncProperty(parts, async (part) => {
        const found = await readPostgresDump(inParts(dump, part));
        expect([...found.rows]).toEqual([
          ['t', 3],
          ['Odd "name"', 0],
          ['shop.orders', 0],
        ]);
        expect(found.complete).toBe(true);
      }),
    );
    expect((await readPostgresDump(inParts(dump.slice(0, -40), 99))).complete).toBe(false);
  });
});

describe('what acts as somebody else', () => {
  it('acts as whoever restores it; every other byte stays, in whatever parts they come', async () => {
    const row = `INSERT INTO t VALUES ('DEFINER=\`a\`@\`b\`', '${'x'.repeat(70_000)}');`;
    const lines = (definer: string) =>
      [
        '/*!50001 CREATE ALGORITHM=UNDEFINED */',
        `/*!50013 ${definer}SQL SECURITY DEFINER */`,
        `/*!50003 CREATE*/ /*!50017 ${definer}*/ /*!50003 TRIGGER x */;;`,
        `CREATE ${definer}PROCEDURE p() BEGIN END ;;`,
        row,
      ].join('\n');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5000 }), async (part) => {
        const out: Buffer[] = [];
        for await (const chunk of ownDefiners(inParts(lines('DEFINER=`root`@`%`'), part))) out.push(chunk);
        expect(Buffer.concat(out).toString()).toBe(lines(''));
      }),
      { numRuns: 30 },
    );
  });
});
