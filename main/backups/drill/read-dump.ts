/** What a dump holds, as found by reading it through. */
export interface DumpContent {
  /** Rows of each table and view that it makes, by name. */
  readonly rows: ReadonlyMap<string, number>;
  /** Whether it goes on to what its dumper writes last. */
  readonly complete: boolean;
}

/** Bytes of a statement that are looked at to see what it is. */
const HEAD = 2000;
const QUOTE = 0x27;
const DOUBLE = 0x22;
const BACKTICK = 0x60;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;
const NEWLINE = 0x0a;
const DASH = 0x2d;

const NAME = '`((?:[^`]|``)+)`';
const INSERT = new RegExp(`^(?:REPLACE|INSERT)(?: IGNORE)? INTO ${NAME}`, 'i');
const MAKES = new RegExp(
  `^(?:/\\*M?!\\d+ *)?CREATE\\b.*?\\b(TABLE|VIEW|SEQUENCE) (?:IF NOT EXISTS )?${NAME}`,
  'is',
);
/** What mysqldump, mariadb-dump and our own dumper write last: notes are shown again. */
const LAST = /(?:SQL_NOTES|NOTE_VERBOSITY)\s*=\s*@(?!@)/i;

/** Reads a dump of MySQL or MariaDB: its tables, and the rows of its INSERTs, without taking text for either. */
export async function readMysqlDump(dump: AsyncIterable<Buffer>): Promise<DumpContent> {
  const rows = new Map<string, number>();
  let quote = 0;
  let escaped = false;
  let depth = 0;
  let head: number[] = [];
  let inserted: string | null = null;
  let tuples = 0;
  let values = false;
  let comment = false;
  /** Between `DELIMITER ;;` and `DELIMITER ;` stands a program, whose INSERTs are not rows of the dump. */
  let program = false;
  let last = '';
  const text = () => Buffer.from(head).toString('utf8').trim();
  const endStatement = () => {
    const said = text();
    if (said !== '') last = said;
    const [, kind = '', name] = (program ? null : MAKES.exec(said)) ?? [];
    const made = name?.replaceAll('``', '`');
    // A sequence counts as one row, as a server counts it.
    if (made !== undefined && !rows.has(made)) rows.set(made, kind.toUpperCase() === 'SEQUENCE' ? 1 : 0);
    if (inserted !== null) rows.set(inserted, (rows.get(inserted) ?? 0) + tuples);
    head = [];
    inserted = null;
    tuples = 0;
    values = false;
    depth = 0;
  };
  for await (const chunk of dump) {
    for (const byte of chunk) {
      if (comment) {
        if (byte === NEWLINE) comment = false;
        continue;
      }
      if (quote !== 0) {
        if (!values && head.length < HEAD) head.push(byte);
        if (escaped) escaped = false;
        else if (byte === BACKSLASH && quote !== BACKTICK) escaped = true;
        else if (byte === quote) quote = 0;
        continue;
      }
      if (values) {
        if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) quote = byte;
        else if (byte === OPEN) {
          if (depth === 0) tuples += 1;
          depth += 1;
        } else if (byte === CLOSE) depth -= 1;
        else if (byte === SEMICOLON && depth === 0) endStatement();
        continue;
      }
      if (byte === SEMICOLON && !program && !isDelimiter(head)) {
        endStatement();
        continue;
      }
      if (byte === NEWLINE) {
        const delimiter = /(?:^|\n)DELIMITER (\S+)$/i.exec(text())?.[1];
        if (delimiter !== undefined) {
          program = delimiter !== ';';
          head = [];
          continue;
        }
        // A program is as long as it likes: only its last line can end it.
        if (program) head = [];
      }
      if (head.length < HEAD) head.push(byte);
      // In a program's comments quotes stand alone; only the lines between programs are looked at.
      if (program) continue;
      if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) quote = byte;
      else if (byte === DASH && head.length === 2 && head[0] === DASH) {
        comment = true;
        head = [];
      } else if (byte === 0x53 || byte === 0x73) {
        // …VALUES
        if (!/\bVALUES$/i.test(Buffer.from(head.slice(-7)).toString('latin1'))) continue;
        const name = INSERT.exec(text())?.[1];
        if (name === undefined) continue;
        inserted = name.replaceAll('``', '`');
        values = true;
      } else if (byte === NEWLINE && head.length === 1) head = [];
    }
  }
  const complete = text() === '' && quote === 0 && LAST.test(last);
  return { rows, complete };
}

/** Whether a line begins that says with what statements end from here on. */
function isDelimiter(head: readonly number[]): boolean {
  return head.length < 24 && /^\s*DELIMITER\s/i.test(Buffer.from(head).toString('latin1'));
}

/** Reads a dump of pg_dump: its tables and views, and the lines of its COPYs. */
export async function readPostgresDump(dump: AsyncIterable<Buffer>): Promise<DumpContent> {
  const rows = new Map<string, number>();
  let copying: string | null = null;
  let count = 0;
  let complete = false;
  for await (const line of linesOf(dump)) {
    if (copying !== null) {
      if (line === '\\.') {
        rows.set(copying, (rows.get(copying) ?? 0) + count);
        copying = null;
      } else count += 1;
      continue;
    }
    const copied = /^COPY (\S.*?) (?:\(.*\) )?FROM stdin;$/.exec(line)?.[1];
    if (copied !== undefined) {
      copying = plainName(copied);
      count = 0;
      continue;
    }
    const made =
      /^CREATE (?:UNLOGGED |FOREIGN )?(?:TABLE|VIEW|MATERIALIZED VIEW) ((?:"(?:[^"]|"")+"|[^\s".(]+)(?:\.(?:"(?:[^"]|"")+"|[^\s".(]+))?)/.exec(
        line,
      )?.[1];
    if (made !== undefined && !rows.has(plainName(made))) rows.set(plainName(made), 0);
    if (line === '-- PostgreSQL database dump complete') complete = true;
  }
  return { rows, complete: complete && copying === null };
}

/** `public."Odd name"` as a count of rows names it: `Odd name`; other schemas stay before the name. */
function plainName(quoted: string): string {
  const parts = quoted.match(/"(?:[^"]|"")+"|[^".]+/g) ?? [quoted];
  const plain = parts.map((part) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part));
  return (plain[0] === 'public' ? plain.slice(1) : plain).join('.');
}

/** The lines of a text; of one that is longer than a mebibyte only the beginning. */
async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([held, chunk.subarray(from, at)]).toString('utf8');
      held = Buffer.alloc(0);
      from = at + 1;
    }
    if (held.length < 1_048_576) held = Buffer.concat([held, chunk.subarray(from)]);
  }
  if (held.length > 0) yield held.toString('utf8');
}
