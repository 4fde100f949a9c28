import { Problem } from '../../../words/index.ts';
import { nameSql, sqlWords, writtenSql, type SqlWord } from './sql-words.ts';

export interface SqlMoves {
  readonly fromPrefix: string;
  readonly toPrefix: string;
  /** Tables and views of the dump that are the site's; others whose names begin as theirs are left where they are. */
  readonly tables: ReadonlySet<string>;
  /** Collations that the other server knows; null: all of the dump's. */
  readonly collations: ReadonlySet<string> | null;
}

/**
 * What becomes of a statement: it is sent (`now`), sent after all rows (`last`: what is run when rows are written or read must not be run by the dump),
 * sent in both places (`both`: settings), known and not taken (`leave`, with what it makes), or of no use.
 */
export type Fate =
  | { readonly when: 'now' | 'both'; readonly sql: string; readonly made: Made | null }
  | { readonly when: 'last'; readonly sql: string }
  | { readonly when: 'leave'; readonly what: string }
  | { readonly when: 'skip' };

/** A table that is made, by its name in the dump. */
export interface Made {
  readonly table: string;
}

/** What a name of MySQL may have. */
const LONGEST_NAME = 64;
const ENGINES = new Set([
  'innodb',
  'myisam',
  'aria',
  'memory',
  'archive',
  'csv',
  'rocksdb',
  'tokudb',
  'columnstore',
]);
/** In a definition of a table: what would read or write something else than that table. */
const REACHES_OUT = new Set(['SELECT', 'DIRECTORY', 'CONNECTION', 'UNION', 'LOAD_FILE', 'TABLESPACE']);
const SETTINGS =
  /^(?:character_set_client|character_set_results|collation_connection|time_zone|unique_checks|foreign_key_checks|sql_mode|sql_notes|note_verbosity|autocommit)$/i;
const CHARACTERS = /^(?:utf8|utf8mb3|utf8mb4|latin1|latin2|ascii|binary|cp125[0-7]|koi8r|koi8u)(?:_\w+)?$/i;
/** Under these a quote or a backslash means something else than it does here. */
const OTHER_QUOTES = /NO_BACKSLASH_ESCAPES|ANSI|ORACLE|MSSQL|DB2|POSTGRESQL|MAXDB/i;
const SANDBOX = /^\/\*M!999999[^*]*\*\/\s*/;
const DELIMITED = /\s*(?:;;|\$\$|@@gk@@|\/\/)?\s*DELIMITER ;\s*$/;

/**
 * Decides over a statement of a dump. Only what dumpers write is let through, written anew word by word; a dump may be a hostile site's.
 * @throws Problem `dump-commands` for anything else, `name-too-long`
 */
export function fateOf(statement: string, isBlock: boolean, moves: SqlMoves): Fate {
  const text = isBlock ? statement.replace(DELIMITED, '') : statement.replace(SANDBOX, '');
  if (text.trim() === '') return { when: 'skip' };
  const words = sqlWords(text);
  if (words === null) throw refused(text);
  const said = words.filter(({ kind }) => kind !== 'space');
  const [first, second] = said.map(({ kind, text: one }) => (kind === 'word' ? one.toUpperCase() : ''));
  const all = new Set(said.flatMap(({ kind, text: one }) => (kind === 'word' ? [one.toUpperCase()] : [])));
  // What a scan took for one statement must be one for the server as well.
  if (!isBlock && words.some(({ kind, text: mark }) => kind === 'mark' && mark === ';')) throw refused(text);
  if (first === 'SET' && !isBlock) return { when: 'both', sql: settings(words, text), made: null };
  if (
    first === 'LOCK' ||
    first === 'UNLOCK' ||
    first === 'COMMIT' ||
    (first === 'START' && second === 'TRANSACTION')
  )
    return { when: 'skip' };
  const other = otherTable(said, moves);
  if (other !== null) return { when: 'leave', what: `table ${other}` };
  if (first === 'CREATE' && second === 'TABLE' && !isBlock) return createTable(words, text, moves);
  if (first === 'DROP' && second === 'TABLE')
    return { when: 'now', sql: onOne(said, text, moves, ['DROP', 'TABLE', 'IF', 'EXISTS']), made: null };
  if (first === 'DROP' && second === 'VIEW')
    return { when: 'last', sql: onOne(said, text, moves, ['DROP', 'VIEW', 'IF', 'EXISTS']) };
  if (first === 'ALTER' && second === 'TABLE') {
    const keys = said.slice(3).map((one) => one.text.toUpperCase());
    if (said[2]?.kind !== 'name' || !/^(?:DISABLE|ENABLE) KEYS$/.test(keys.join(' '))) throw refused(text);
    return {
      when: 'now',
      sql: `ALTER TABLE ${nameSql(moved(said[2].text, moves, text))} ${keys.join(' ')}`,
      made: null,
    };
  }
  for (const kind of ['SEQUENCE', 'PROCEDURE', 'FUNCTION', 'EVENT', 'PACKAGE'])
    if ((first === 'CREATE' || first === 'DROP') && beforeName(words).has(kind))
      return {
        when: 'leave',
        what: `${kind.toLowerCase()} ${nameAfter(said, kind)}`,
      };
  if ((first === 'DO' || first === 'SELECT') && second === 'SETVAL') return { when: 'skip' };
  if (first === 'CREATE' && all.has('VIEW') && all.has('SELECT')) return view(words, text, moves);
  if (first === 'CREATE' && isBlock && all.has('TRIGGER')) return trigger(words, text, moves);
  throw refused(text);
}

/** The table that a statement is about, where it begins as the site's do and is none of them. */
function otherTable(said: readonly SqlWord[], { tables, fromPrefix }: SqlMoves): string | null {
  const what = said
    .slice(0, 12)
    .findIndex(({ kind, text }) => kind === 'word' && /^(?:TABLE|VIEW)$/i.test(text));
  const name = said[what + 1]?.kind === 'word' ? said[what + 3] : said[what + 1];
  if (what < 1 || name?.kind !== 'name') return null;
  return name.text.startsWith(fromPrefix) && !tables.has(name.text) ? name.text : null;
}

/** A table's name in the other site. @throws Problem where it is none of the site's */
export function moved(name: string, { fromPrefix, toPrefix }: SqlMoves, text: string): string {
  if (!name.startsWith(fromPrefix)) throw refused(text);
  return fits(`${toPrefix}${name.slice(fromPrefix.length)}`);
}

function createTable(words: readonly SqlWord[], text: string, moves: SqlMoves): Fate {
  let table: string | null = null;
  let before = '';
  const out = words.map((word, at): SqlWord => {
    const was = before;
    if (word.kind !== 'space') before = word.kind === 'word' ? word.text.toUpperCase() : '';
    if (word.kind === 'name') {
      if (table === null) {
        if (was !== 'TABLE' && was !== 'EXISTS') throw refused(text);
        table = word.text;
        return { kind: 'name', text: moved(word.text, moves, text) };
      }
      if (was === 'REFERENCES') return { kind: 'name', text: moved(word.text, moves, text) };
      // Names of foreign keys are the database's, not the table's.
      if (was === 'CONSTRAINT') return { kind: 'name', text: own(word.text, moves) };
      return word;
    }
    if (word.kind !== 'word') return word;
    if (REACHES_OUT.has(word.text.toUpperCase())) throw refused(text);
    if (valueOf(words, at, 'ENGINE') && !ENGINES.has(word.text.toLowerCase())) throw refused(text);
    return { kind: 'word', text: collation(word.text, moves) };
  });
  // `CREATE TABLE … LIKE` has no brackets.
  if (table === null || !words.some(({ kind, text: mark }) => kind === 'mark' && mark === '('))
    throw refused(text);
  return { when: 'now', sql: writtenSql(out), made: { table } };
}

/** Whether a word is what `KEY=word` or `KEY word` sets. */
function valueOf(words: readonly SqlWord[], at: number, key: string): boolean {
  const before = words
    .slice(Math.max(0, at - 4), at)
    .filter(({ kind, text }) => kind !== 'space' && text !== '=');
  return before.at(-1)?.kind === 'word' && before.at(-1)?.text.toUpperCase() === key;
}

/** Collations that only newer servers have become the nearest one that all have. */
function collation(word: string, { collations }: SqlMoves): string {
  if (
    collations === null ||
    collations.has(word.toLowerCase()) ||
    !/^utf8mb[34]_(?:0900|uca1400)_/i.test(word)
  )
    return word;
  return /_(?:bin|as_cs|cs)$/i.test(word) ? 'utf8mb4_bin' : 'utf8mb4_unicode_520_ci';
}

function view(words: readonly SqlWord[], text: string, moves: SqlMoves): Fate {
  const from = words.findIndex(({ kind, text: word }) => kind === 'word' && /^VIEW$/i.test(word));
  const kinds = words
    .slice(1, from)
    .flatMap(({ kind, text: word }) => (kind === 'word' ? [word.toUpperCase()] : []));
  const temptable = kinds.includes('TEMPTABLE') ? 'ALGORITHM=TEMPTABLE ' : '';
  const invoker = kinds.includes('INVOKER') ? 'SQL SECURITY INVOKER ' : '';
  const [name] = words.slice(from).filter(({ kind }) => kind === 'name');
  const isMore = words.some(({ kind, text: mark }) => kind === 'mark' && mark === ';');
  if (from < 0 || name === undefined || isMore || words.some(reaches)) throw refused(text);
  moved(name.text, moves, text);
  const rest = renamed(words.slice(from), moves);
  return { when: 'last', sql: `CREATE ${temptable}${invoker}${writtenSql(rest)}` };
}

function trigger(words: readonly SqlWord[], text: string, moves: SqlMoves): Fate {
  const from = words.findIndex(({ kind, text: word }) => kind === 'word' && /^TRIGGER$/i.test(word));
  const rest = words.slice(from);
  const said = rest.filter(({ kind }) => kind !== 'space');
  const on = said.findIndex(({ kind, text: word }) => kind === 'word' && /^ON$/i.test(word));
  const [name, table] = [
    said
      .slice(0, on)
      .findLast(
        ({ kind, text: word }) =>
          kind === 'name' || (kind === 'word' && !/^(?:BEFORE|AFTER|INSERT|UPDATE|DELETE)$/i.test(word)),
      ),
    said[on + 1],
  ];
  if (name === undefined || table === undefined || on > 8 || said[on + 2]?.text.toUpperCase() !== 'FOR')
    throw refused(text);
  if (words.some(reaches)) throw refused(text);
  moved(table.text, moves, text);
  if (!isOne(said.slice(said.findIndex(({ text: word }) => /^ROW$/i.test(word)) + 1)))
    return { when: 'leave', what: `trigger ${name.text} (its program is too long to be sure of)` };
  // Triggers' names are the database's.
  const parts = renamed(rest, moves).map((word) =>
    word.text === name.text && word.kind === name.kind
      ? { kind: word.kind, text: own(name.text, moves) }
      : word,
  );
  return { when: 'last', sql: `CREATE ${writtenSql(parts)}` };
}

/**
 * Whether a program is one statement for the server, which would run what comes after it at once: without a semicolon, or between one BEGIN and one END with
 * nothing in it that begins or ends another block.
 */
function isOne(body: readonly SqlWord[]): boolean {
  if (!body.some(({ kind, text }) => kind === 'mark' && text === ';')) return true;
  const said = body.map(({ kind, text }) =>
    kind === 'word' ? text.toUpperCase() : kind === 'mark' ? text : '',
  );
  const ends = said.flatMap((word, at) =>
    word === 'END' && !/^(?:IF|LOOP|WHILE|REPEAT)$/.test(said[at + 1] ?? '') ? [at] : [],
  );
  return (
    said[0] === 'BEGIN' &&
    said.lastIndexOf('BEGIN') === 0 &&
    !said.includes('CASE') &&
    ends.length === 1 &&
    ends[0] === said.length - 1
  );
}

function reaches({ kind, text }: SqlWord): boolean {
  return (
    kind === 'word' &&
    /^(?:LOAD_FILE|OUTFILE|DUMPFILE|GRANT|REVOKE|IDENTIFIED|PREPARE|EXECUTE|LOAD|CALL|SYS_EXEC|SYS_EVAL)$/i.test(
      text,
    )
  );
}

/** In programs and views: tables by their names, but for what stands behind a point. */
function renamed(words: readonly SqlWord[], moves: SqlMoves): SqlWord[] {
  let before = '';
  return words.map((word) => {
    const was = before;
    if (word.kind !== 'space') before = word.text;
    if ((word.kind !== 'name' && word.kind !== 'word') || was === '.' || !moves.tables.has(word.text))
      return word;
    return { kind: word.kind, text: own(word.text, moves) };
  });
}

function own(name: string, { fromPrefix, toPrefix }: SqlMoves): string {
  return name.startsWith(fromPrefix) ? fits(`${toPrefix}${name.slice(fromPrefix.length)}`) : name;
}

/** `DROP TABLE IF EXISTS` one name, and nothing after it. */
function onOne(said: readonly SqlWord[], text: string, moves: SqlMoves, expected: readonly string[]): string {
  const name = said[expected.length];
  if (said.length !== expected.length + 1 || name?.kind !== 'name') throw refused(text);
  if (expected.some((word, at) => said[at]?.text.toUpperCase() !== word)) throw refused(text);
  return `${expected.join(' ')} ${nameSql(moved(name.text, moves, text))}`;
}

/** `SET` of what dumpers set for their session: never for the server, and nothing that changes what quotes mean. */
function settings(words: readonly SqlWord[], text: string): string {
  const said = writtenSql(
    words.slice(words.findIndex(({ kind, text: word }) => kind === 'word' && /^SET$/i.test(word)) + 1),
  );
  const names = /^NAMES\s+'?(\w+)'?$/i.exec(said)?.[1];
  if (names !== undefined && CHARACTERS.test(names)) return `SET NAMES ${names}`;
  const ONE =
    /\s*(?:(@[\w$]+)\s*=\s*@@(?:SESSION\.)?(\w+)|(?:SESSION\s+|@@SESSION\.)?(\w+)\s*=\s*(@[\w$]+|-?\d+|\w+|'[^'\\]*'))\s*(?:,|$)/iy;
  const out: string[] = [];
  while (ONE.lastIndex < said.length) {
    const [, variable, of, setting, value] = ONE.exec(said) ?? [];
    if (variable !== undefined && of !== undefined && SETTINGS.test(of.replace(/^old_/i, '')))
      out.push(`${variable}=@@${of}`);
    else if (variable !== undefined && of !== undefined && /^sql_|^character_set_|^collation_/i.test(of))
      out.push(`${variable}=@@${of}`);
    else if (
      setting !== undefined &&
      value !== undefined &&
      SETTINGS.test(setting) &&
      isHarmless(setting, value)
    )
      out.push(`${setting}=${value}`);
    else throw refused(text);
  }
  if (out.length === 0) throw refused(text);
  return `SET ${out.join(', ')}`;
}

function isHarmless(setting: string, value: string): boolean {
  if (value.startsWith('@')) return true;
  if (/^sql_mode$/i.test(setting)) return !OTHER_QUOTES.test(value);
  return !/^(?:character_set|collation)/i.test(setting) || CHARACTERS.test(value.replaceAll("'", ''));
}

function nameAfter(said: readonly SqlWord[], kind: string): string {
  const at = said.findIndex(({ kind: is, text }) => is === 'word' && text.toUpperCase() === kind);
  return said.slice(at).find((one) => one.kind === 'name')?.text ?? '';
}

/** The words that say what is made, up to its name. */
function beforeName(words: readonly SqlWord[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [at, { kind, text }] of words.entries()) {
    // A definer's name stands between marks.
    const next = words[at + 1];
    const last = words.slice(0, at).findLast((one) => one.kind !== 'space');
    if (kind === 'name' && next?.text !== '@' && last?.text !== '@') break;
    if (kind === 'word') found.add(text.toUpperCase());
    if (text === '(') break;
  }
  return found;
}

function fits(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  throw new Problem({
    code: 'name-too-long',
    message: 'With this site’s table prefix a name would be longer than MySQL allows.',
    attempted: 'Rename what is in the database',
    answered: name,
    todo: 'Give the site a shorter table prefix.',
  });
}

function refused(text: string): Problem {
  return new Problem({
    code: 'dump-commands',
    message:
      'The database in this backup holds something that no dump has need of, so it is not put into another site.',
    attempted: 'Read the database’s dump',
    answered: text.replaceAll(/\s+/g, ' ').slice(0, 300),
    todo: 'Restore it to a folder on this computer and look at it, or import it by hand.',
  });
}
