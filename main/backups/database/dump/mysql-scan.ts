/** Told while a dump goes by. Offsets are counted from where the scan began. */
export interface MysqlEvents {
  /** A CREATE, with as much of its text as is kept. */
  made?(kind: string, name: string, text: string): void;
  /** Rows follow, up to the end of the statement. `columns` is null where the statement names none. */
  inserts?(table: string, columns: readonly string[] | null): void;
  /** A row begins at this offset, which is that of its bracket. */
  row?(table: string, offset: number): void;
  /** What is inside a row's brackets, in parts; `last`: the row ends with it. */
  values?(part: Buffer, last: boolean): void;
  /** A statement is over, or a block of programs with its DELIMITER lines; with as much of its text as is kept. */
  statement?(from: number, to: number, text: string, isBlock: boolean): void;
}

/** What a scan begins in: the dump, or the rows of a table in the middle of it. */
export type ScanFrom = { readonly rowsOf: string } | null;

export interface MysqlScan {
  feed(chunk: Buffer): void;
  /** Whether the dump went on to what its dumper writes last, as far as it was fed. */
  complete(): boolean;
}

/** Bytes of a statement that are looked at to see what it is: a table of 4,096 columns has a long one. */
const HEAD = 524_288;
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
const INSERT = new RegExp(`^(?:REPLACE|INSERT)(?: IGNORE)? INTO ${NAME}\\s*(\\(.*\\))?\\s*VALUES$`, 'is');
const MAKES = new RegExp(
  `^(?:/\\*M?!\\d+ *)?CREATE\\b[^\`]{0,400}?\\b(TABLE|VIEW|SEQUENCE) (?:IF NOT EXISTS )?${NAME}`,
  'i',
);
/** Views are made over users' names, which stand in backticks as well. */
const MAKES_VIEW = new RegExp(`^(?:/\\*M?!\\d+ *)?CREATE\\b.{0,2000}?\\b(VIEW) ${NAME}`, 'is');
/** What mysqldump, mariadb-dump and our own dumper write last: notes are shown again. */
const LAST = /(?:SQL_NOTES|NOTE_VERBOSITY)\s*=\s*@(?!@)/i;

/** Takes a dump of MySQL or MariaDB apart as it goes by, without taking text for anything else. Holds one statement's head. */
export function scanMysql(events: MysqlEvents, from: ScanFrom = null): MysqlScan {
  let quote = 0;
  let escaped = false;
  let depth = 0;
  let head: number[] = [];
  let inserted: string | null = from?.rowsOf ?? null;
  let values = inserted !== null;
  let comment = false;
  /** Between `DELIMITER ;;` and `DELIMITER ;` stands a program, whose INSERTs are not rows of the dump. */
  let program = false;
  let last = '';
  let base = 0;
  /** Where the statement or the block of programs begins, and what it says. */
  let begun = 0;
  let block = '';
  const text = (from = 0) => Buffer.from(from === 0 ? head : head.slice(from)).toString('utf8');

  const endStatement = (to: number) => {
    const said = text().trim();
    events.statement?.(begun, to, said, false);
    begun = to;
    if (said !== '') last = said.slice(0, 2000);
    const [, kind, name] = (program ? null : (MAKES.exec(said) ?? MAKES_VIEW.exec(said))) ?? [];
    if (kind !== undefined && name !== undefined) events.made?.(kind.toUpperCase(), unquoted(name), said);
    head = [];
    inserted = null;
    values = false;
    depth = 0;
  };
  const endLine = (to: number) => {
    const delimiter = /(?:^|\n)DELIMITER (\S+)$/i.exec(text(-80).trimEnd())?.[1];
    if (program && block.length < HEAD) block += `${text()}\n`;
    if (delimiter !== undefined) {
      program = delimiter !== ';';
      if (program) block = '';
      else {
        events.statement?.(begun, to, block.trim(), true);
        begun = to;
      }
    }
    // A program is as long as it likes: only its last line can end it.
    if (delimiter !== undefined || program) head = [];
    return delimiter !== undefined;
  };
  const beginValues = () => {
    if (!/\bVALUES$/i.test(text(-7))) return;
    const [, name, columns] = INSERT.exec(text().trim()) ?? [];
    if (name === undefined) return;
    inserted = unquoted(name);
    values = true;
    events.inserts?.(inserted, columns === undefined ? null : namesIn(columns));
  };
  /** @returns where the rows of the statement end, or the chunk does */
  const inValues = (chunk: Buffer, start: number): number => {
    let begun = start;
    const hand = (end: number, isLast: boolean) => {
      if (isLast || end > begun) events.values?.(chunk.subarray(begun, end), isLast);
    };
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (quote !== 0) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH && quote !== BACKTICK) escaped = true;
        else if (byte === quote) quote = 0;
      } else if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) quote = byte;
      else if (byte === OPEN) {
        if (depth === 0) {
          events.row?.(inserted ?? '', base + at);
          begun = at + 1;
        }
        depth += 1;
      } else if (byte === CLOSE && depth > 0) {
        depth -= 1;
        if (depth === 0) hand(at, true);
      } else if (byte === SEMICOLON && depth === 0) {
        endStatement(base + at + 1);
        return at;
      }
    }
    if (depth > 0) hand(chunk.length, false);
    return chunk.length;
  };
  const inQuote = (byte: number) => {
    if (head.length < HEAD) head.push(byte);
    if (escaped) escaped = false;
    else if (byte === BACKSLASH && quote !== BACKTICK) escaped = true;
    else if (byte === quote) quote = 0;
  };
  const inStatement = (byte: number, at: number) => {
    if (byte === SEMICOLON && !program && !isDelimiter(head)) {
      endStatement(at + 1);
      return;
    }
    if (byte === NEWLINE && endLine(at + 1)) return;
    if (head.length < HEAD) head.push(byte);
    // In a program's comments quotes stand alone; only the lines between programs are looked at.
    if (program) return;
    if (byte === QUOTE || byte === DOUBLE || byte === BACKTICK) quote = byte;
    else if (byte === DASH && head.length === 2 && head[0] === DASH) {
      comment = true;
      head = [];
    } else if ((byte === 0x53 || byte === 0x73) && head.length < HEAD) beginValues();
    else if (byte === NEWLINE && head.length === 1) head = [];
  };
  return {
    feed(chunk) {
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0;
        if (comment) {
          if (byte === NEWLINE) comment = false;
        } else if (values) at = inValues(chunk, at);
        else if (quote !== 0) inQuote(byte);
        else inStatement(byte, base + at);
      }
      base += chunk.length;
    },
    complete: () => text().trim() === '' && quote === 0 && !values && LAST.test(last),
  };
}

/** Names and types of the columns of a CREATE TABLE as SHOW CREATE TABLE writes it: one a line. */
export function columnsOfCreate(text: string): string[] {
  return [...text.matchAll(/^\s+`((?:[^`]|``)+)` /gm)].map(([, name = '']) => unquoted(name));
}

function namesIn(list: string): string[] {
  return [...list.matchAll(/`((?:[^`]|``)+)`/g)].map(([, name = '']) => unquoted(name));
}

function unquoted(name: string): string {
  return name.replaceAll('``', '`');
}

/** Whether a line begins that says with what statements end from here on. */
function isDelimiter(head: readonly number[]): boolean {
  return head.length < 24 && /^\s*DELIMITER\s/i.test(Buffer.from(head).toString('latin1'));
}
