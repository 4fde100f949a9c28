import { randomBytes } from 'node:crypto';
import type { TableRules } from '../../../platforms/index.ts';
import { Problem } from '../../../words/index.ts';
import { columnsOfCreate, scanMysql } from '../dump/mysql-scan.ts';
import type { Places } from './places.ts';
import { rowRewriter } from './row.ts';
import { nameSql } from './sql-words.ts';
import { fateOf, moved, type SqlMoves } from './statements.ts';
import { openTally, type Rewritten } from './tally.ts';

export interface DumpMoves extends SqlMoves {
  readonly places: Places;
  /** What the platform knows of a table, by its name without the prefix; null: nothing. */
  readonly rulesOf: (table: string) => TableRules | null;
}

/** A definition longer than this was not read to its end. */
const LONGEST_STATEMENT = 500_000;
/** Bytes of views and triggers together. */
const MOST_LAST = 16_777_216;
/** A longer row is refused: a value that is rewritten lies in memory about six times while it is. */
const LONGEST_ROW = 201_326_592;
/** Bytes that are gathered before they are handed on. */
const PART = 262_144;

/**
 * A dump of MySQL or MariaDB for another site: names of tables, URLs and paths are that site's. Only statements that are recognised are in it,
 * and only literals in its rows. Holds one row at a time.
 * @param told what was rewritten and what was left alone, while the dump goes by
 * @throws Problem `dump-commands`, `dump-broken`, `name-too-long`
 */
export async function* rewriteDump(
  dump: AsyncIterable<Buffer>,
  moves: DumpMoves,
  told: (rewritten: Rewritten) => void,
): AsyncGenerator<Buffer, void, void> {
  const tally = openTally();
  const columns = new Map<string, readonly string[]>();
  const last: string[] = [];
  let lastBytes = 0;
  let out: Buffer[] = [];
  let size = 0;
  const emit = (part: Buffer | string) => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    out.push(bytes);
    size += bytes.length;
  };
  const later = (sql: string) => {
    lastBytes += sql.length;
    if (lastBytes > MOST_LAST) throw tooMuch();
    last.push(sql);
  };
  /** The INSERT that goes by: what begins it, and whether a row of it was sent. */
  let inserting: {
    readonly head: string;
    sent: boolean;
    readonly rewrite: (row: Buffer) => Buffer | null;
  } | null = null;
  let row: Buffer[] = [];
  let rowBytes = 0;
  const beginRow = () => {
    if (inserting === null) return;
    emit(inserting.sent ? ',\n(' : `${inserting.head}(`);
    inserting.sent = true;
  };
  const scan = scanMysql({
    inserts(table, named) {
      const name = moved(table, moves, `INSERT INTO ${table}`);
      if (!moves.tables.has(table)) {
        inserting = { head: '', sent: false, rewrite: () => null };
        return;
      }
      const known = named ?? columns.get(table);
      if (known === undefined) throw tooMuch(`INSERT INTO ${table}`);
      const list = named === null ? '' : ` (${named.map(nameSql).join(', ')})`;
      const rules = moves.rulesOf(table.slice(moves.fromPrefix.length));
      inserting = {
        head: `INSERT INTO ${nameSql(name)}${list} VALUES\n`,
        sent: false,
        rewrite: rowRewriter({ table, columns: known, rules, places: moves.places, tally }),
      };
    },
    values(part, isLast) {
      if (inserting === null) return;
      rowBytes += part.length;
      row.push(part);
      if (rowBytes > LONGEST_ROW) throw tooLong();
      if (!isLast) return;
      const whole = row.length === 1 && row[0] !== undefined ? row[0] : Buffer.concat(row);
      const now = inserting.rewrite(whole);
      if (now !== null) {
        beginRow();
        emit(now);
        emit(')');
      }
      row = [];
      rowBytes = 0;
    },
    statement(from, to, text, isBlock) {
      if (inserting !== null) {
        if (inserting.sent) emit(';\n');
        inserting = null;
        return;
      }
      if (to - from > LONGEST_STATEMENT) throw tooMuch(text);
      const fate = fateOf(text, isBlock, moves);
      if (fate.when === 'skip') return;
      if (fate.when === 'leave') tally.notTaken(fate.what);
      else if (fate.when === 'last')
        later(isBlock || /\bTRIGGER\b/i.test(fate.sql.slice(0, 40)) ? asProgram(fate.sql) : `${fate.sql};\n`);
      else {
        emit(`${fate.sql};\n`);
        if (fate.when === 'both') later(`${fate.sql};\n`);
        if (fate.made !== null) {
          columns.set(fate.made.table, columnsOfCreate(text));
          tally.table(fate.made.table);
        }
      }
    },
  });
  emit("SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0, unique_checks=0;\n");
  for await (const chunk of dump) {
    scan.feed(chunk);
    if (size < PART) continue;
    yield Buffer.concat(out);
    out = [];
    size = 0;
  }
  if (!scan.complete()) throw broken();
  if (out.length > 0) yield Buffer.concat(out);
  // With nothing of the dump's own settings left, what is run later begins as the dump did.
  yield Buffer.from(
    `SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0;\nSET NAMES utf8mb4;\n${last.join('')}`,
  );
  told(tally.read());
}

/** Reads a dump through as if it were sent, and says what would be rewritten. @throws as what rewrites it does */
export async function tryRewrite(
  dump: AsyncIterable<Buffer>,
  moves: DumpMoves,
  signal: AbortSignal,
  by: (...given: Parameters<typeof rewriteDump>) => AsyncIterable<Buffer> = rewriteDump,
): Promise<Rewritten> {
  let found: Rewritten | null = null;
  for await (const _part of by(dump, moves, (rewritten) => (found = rewritten))) signal.throwIfAborted();
  if (found === null) throw broken();
  return found;
}

function asProgram(sql: string): string {
  // Nobody who wrote the program could know what ends it; clients take up to 15 characters.
  const end = `gk${randomBytes(6).toString('hex')}`;
  return `DELIMITER ${end}\n${sql}\n${end}\nDELIMITER ;\n`;
}

function broken(): Problem {
  return new Problem({
    code: 'dump-broken',
    message: 'The database in this backup does not go on to its end.',
    attempted: 'Read the database’s dump',
    todo: 'Choose another backup.',
  });
}

function tooLong(): Problem {
  return new Problem({
    code: 'row-too-long',
    message: 'The database in this backup has a row of more than 192 MB, which cannot be rewritten.',
    attempted: 'Read the database’s dump',
    todo: 'Delete that row in the site it comes from, back it up again, and restore that.',
  });
}

function tooMuch(answered = ''): Problem {
  return new Problem({
    code: 'dump-commands',
    message:
      'The database in this backup holds something that no dump has need of, so it is not put into another site.',
    attempted: 'Read the database’s dump',
    answered: answered.slice(0, 300),
    todo: 'Restore it to a folder on this computer and look at it, or import it by hand.',
  });
}
