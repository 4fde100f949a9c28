import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf, quoted, unescaped } from '../../../../../main/backups/database/elsewhere/fields.ts';
import { placesOf } from '../../../../../main/backups/database/elsewhere/places.ts';
import { rewriteDump } from '../../../../../main/backups/database/elsewhere/rewrite-dump.ts';
import type { Rewritten } from '../../../../../main/backups/index.ts';

const HEAD = `/*M!999999\\- enable the sandbox mode */
/*!40101 SET NAMES utf8mb4 */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;
DROP TABLE IF EXISTS \`wp_posts\`;
CREATE TABLE \`wp_posts\` (
  \`ID\` int NOT NULL,
  \`text\` longtext COLLATE utf8mb4_0900_ai_ci
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
`;
const TAIL = '/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n';

async function* inPieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function rewritten(middle: string, size = 7) {
  const told: Rewritten[] = [];
  const moves = {
    fromPrefix: 'wp_',
    toPrefix: 'b_',
    tables: new Set(['wp_posts', 'wp_recent']),
    collations: new Set(['utf8mb4_general_ci']),
    places: placesOf([{ kind: 'url', from: 'http://a.example', to: 'https://b.example/x' }]),
    rulesOf: () => null,
  };
  const parts: Buffer[] = [];
  for await (const part of rewriteDump(inPieces(HEAD + middle + TAIL, size), moves, (found) =>
    told.push(found),
  ))
    parts.push(part);
  return { sql: Buffer.concat(parts).toString(), told: told[0] };
}

describe('a dump for another site', () => {
  it('has its prefix and addresses, and collations that its server knows', async () => {
    const { sql, told } = await rewritten(
      "INSERT INTO `wp_posts` VALUES (1,'see http://a.example/, it''s \\\\ \\n'),(2,NULL),(-3,0x00FF);\n",
    );
    expect(sql).toContain('CREATE TABLE `b_posts`');
    expect(sql).toContain('COLLATE=utf8mb4_unicode_520_ci');
    expect(sql).toContain(
      "INSERT INTO `b_posts` VALUES\n(1,'see https://b.example/x/, it\\'s \\\\ \\n'),\n(2,NULL),\n(-3,0x00FF);",
    );
    expect(sql).not.toContain('wp_');
    expect(told).toMatchObject({ tables: 1, rows: 3, values: 1, places: 1 });
  });

  it('sends what is run by others only after all rows', async () => {
    const { sql } = await rewritten(
      "DELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 TRIGGER wp_t BEFORE INSERT ON `wp_posts` FOR EACH ROW SET @a = 'wp_posts' */;;\nDELIMITER ;\n" +
        '/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */\n/*!50001 VIEW `wp_recent` AS select `wp_posts`.`ID` AS `ID` from `wp_posts` */;\n' +
        "INSERT INTO `wp_posts` VALUES (1,'');\n",
    );
    expect(sql).toContain("TRIGGER b_t BEFORE INSERT ON `b_posts` FOR EACH ROW SET @a = 'wp_posts'");
    expect(sql).toContain('VIEW `b_recent` AS select `b_posts`.`ID` AS `ID` from `b_posts`');
    expect(sql).not.toContain('DEFINER');
    expect(sql.indexOf('TRIGGER')).toBeGreaterThan(sql.indexOf('INSERT INTO'));
  });

  it.each([
    ['SET @a = 1; DROP TABLE other', false],
    ['BEGIN SET @a = 1; END; DROP TABLE other; BEGIN END', false],
    ['BEGIN UPDATE wp_posts SET begin = CASE WHEN 1 THEN begin ELSE 1 END; END', false],
    ['BEGIN IF NEW.ID > 1 THEN SET @a = 1; END IF; END', true],
  ])('a trigger that does “%s” is taken along: %s', async (body, isTaken) => {
    const { sql, told } = await rewritten(
      `DELIMITER ;;\nCREATE TRIGGER wp_t BEFORE INSERT ON \`wp_posts\` FOR EACH ROW ${body} ;;\nDELIMITER ;\n`,
    );
    expect(sql.includes('TRIGGER b_t')).toBe(isTaken);
    expect(told?.notTaken).toHaveLength(isTaken ? 0 : 1);
  });

  it('leaves the tables of a neighbour, routines and events where they are', async () => {
    const { sql, told } = await rewritten(
      'DROP TABLE IF EXISTS `wp_b_posts`;\nCREATE TABLE `wp_b_posts` (\n  `a` int\n);\nINSERT INTO `wp_b_posts` VALUES (1);\n' +
        'DELIMITER ;;\nCREATE DEFINER=`root`@`%` PROCEDURE `wp_go`()\nBEGIN DROP TABLE x; END ;;\nDELIMITER ;\n',
    );
    expect(sql).not.toMatch(/wp_b_posts|b_b_posts|PROCEDURE/);
    expect(told).toMatchObject({ notTaken: ['table wp_b_posts', 'procedure wp_go'] });
  });

  it.each([
    ['another table', 'DROP TABLE IF EXISTS `other`;'],
    ['another database', 'DROP TABLE IF EXISTS `mysql`.`wp_posts`;'],
    ['two tables', 'DROP TABLE IF EXISTS `wp_posts`, `other`;'],
    ['a user', "CREATE USER 'x'@'%';"],
    ['the server’s settings', 'SET GLOBAL general_log = 1;'],
    ['a setting with a question in it', 'SET sql_notes=(SELECT 1);'],
    ['what quotes mean', "SET sql_mode='NO_BACKSLASH_ESCAPES';"],
    ['characters of half a quote', 'SET NAMES gbk;'],
    ['a question among the rows', 'INSERT INTO `wp_posts` VALUES (1,(SELECT user FROM mysql.user));'],
    ['a function among the rows', "INSERT INTO `wp_posts` VALUES (1,LOAD_FILE('/etc/passwd'));"],
    ['an outer file', 'INSERT INTO `wp_posts` VALUES (1,@@datadir);'],
    ['rows from elsewhere', 'INSERT INTO `wp_posts` SELECT * FROM other;'],
    ['another table’s rows', "INSERT INTO `other` VALUES (1,'');"],
    ['a table from elsewhere', 'CREATE TABLE `wp_posts` (`a` int) AS SELECT * FROM mysql.user;'],
    ['a table like another', 'CREATE TABLE `wp_posts` LIKE `mysql`.`user`;'],
    [
      'a table on another server',
      "CREATE TABLE `wp_posts` (`a` int) ENGINE=FEDERATED CONNECTION='mysql://x';",
    ],
    ['a table in another folder', "CREATE TABLE `wp_posts` (`a` int) DATA DIRECTORY='/tmp';"],
    ['a comment that hides', "CREATE TABLE `wp_posts` (`a` int) /* ' */; DROP TABLE `other`; /* ' */;"],
    ['a comment for some', "CREATE TABLE `wp_posts` (`a` int) /*!99999 ' */; DROP TABLE `other`; /* ' */;"],
    ['a program that is none', 'DELIMITER ;;\nDROP DATABASE mysql;;\nDELIMITER ;'],
    [
      'a trigger of another',
      'DELIMITER ;;\nCREATE TRIGGER t BEFORE INSERT ON other FOR EACH ROW SET @a=1;;\nDELIMITER ;',
    ],
    [
      'a view and more',
      'DELIMITER ;;\nCREATE VIEW `wp_recent` AS select 1; DROP TABLE `other` ;;\nDELIMITER ;',
    ],
    ['a file', "LOAD DATA INFILE '/etc/passwd' INTO TABLE `wp_posts`;"],
    ['a command of the client', 'system touch /tmp/x;'],
    ['a view that reads files', "CREATE VIEW `wp_recent` AS select LOAD_FILE('/etc/passwd');"],
  ])('is refused when it holds %s', async (_what, statement) => {
    await expect(rewritten(`${statement}\n`)).rejects.toMatchObject({ code: 'dump-commands' });
  });

  it('is refused when it breaks off', async () => {
    await expect(rewritten("INSERT INTO `wp_posts` VALUES (1,'")).rejects.toMatchObject({
      code: 'dump-broken',
    });
  });
});

describe('a literal', () => {
  it('means the same when it is written again, and is found whole whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { minLength: 1, maxLength: 5 }), (texts) => {
        const values = texts.map((text) => Buffer.from(text));
        const row = Buffer.concat(
          values.flatMap((text, at) => (at === 0 ? [quoted(text)] : [Buffer.from(','), quoted(text)])),
        );
        const fields = fieldsOf(row);
        expect(fields?.map(({ inside: [from, to] }) => unescaped(row.subarray(from, to)))).toEqual(values);
      }),
    );
  });
});
