import { Problem } from '../../../words/index.ts';

const NEWLINE = 0x0a;
const NAME = '(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)';
const COPY = new RegExp(`^COPY ${NAME}\\.${NAME} (?:\\(${NAME}(?:, ${NAME})*\\) )?FROM stdin;$`);
/** What means something outside strings, names and comments. */
const MARK = /--[^\n]*|\/\*|'|"|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|[;()]/g;
/** Bytes of one line, and of one statement: longer ones are of no table. */
const LONGEST_LINE = 67_108_864;
const LONGEST = 1_048_576;

/** Told of what stands in a dump of pg_dump. Text is given as latin1: a character for each byte. */
export interface StatementEvents {
  /** One statement without its comments, up to its semicolon. */
  statement(text: string): void;
  /** The rows of a COPY: from its first row to after the line `\.`. */
  rows(copy: string, from: number, to: number): void;
}

type Inside =
  | { readonly kind: 'code' }
  | { readonly kind: 'string'; readonly end: string; readonly escapes: boolean }
  | { readonly kind: 'comment'; depth: number };

const CODE: Inside = { kind: 'code' };

/**
 * Takes a plain dump of pg_dump apart into statements and rows as it goes by, as a server does whose strings are standard ones.
 * @throws Problem `dump-unreadable`: a line that no dump has
 */
export function scanStatements(events: StatementEvents): (chunk: Buffer) => void {
  let inside: Inside = CODE;
  let statement = '';
  let depth = 0;
  let copy: { readonly header: string; readonly from: number } | null = null;
  let held: Buffer[] = [];
  let size = 0;
  let offset = 0;

  const end = (rest: string): void => {
    const text = `${statement};`.trimStart();
    statement = '';
    if (COPY.test(text) && rest.trim() === '') copy = { header: text, from: offset };
    else if (text.length <= LONGEST) events.statement(text);
  };
  const add = (text: string): void => {
    // Of what is too long, enough is kept to see that it is.
    if (statement.length <= LONGEST) statement += text;
  };
  const code = (line: string, from: number): number => {
    MARK.lastIndex = from;
    const found = MARK.exec(line);
    if (found === null) {
      add(line.slice(from));
      return line.length;
    }
    const [mark] = found;
    add(line.slice(from, found.index));
    const after = found.index + mark.length;
    if (mark.startsWith('--')) return after;
    if (mark === '/*') {
      inside = { kind: 'comment', depth: 1 };
      return after;
    }
    if (mark === ';' && depth === 0) {
      end(line.slice(after));
      return after;
    }
    if (mark === '(') depth += 1;
    if (mark === ')') depth = Math.max(0, depth - 1);
    if (mark === "'")
      inside = { kind: 'string', end: mark, escapes: /(?:^|[^\w\x80-\xff$])[eE]$/.test(statement) };
    if (mark === '"') inside = { kind: 'string', end: mark, escapes: false };
    if (mark.startsWith('$')) {
      // Within a word it is a part of the word.
      if (/[\w\x80-\xff$]$/.test(statement)) {
        add('$');
        return found.index + 1;
      }
      inside = { kind: 'string', end: mark, escapes: false };
    }
    add(mark);
    return after;
  };
  const string = (
    line: string,
    from: number,
    { end: mark, escapes }: Extract<Inside, { kind: 'string' }>,
  ) => {
    let at = line.indexOf(mark, from);
    if (escapes)
      for (at = from; at < line.length && line[at] !== mark; at += 1) if (line[at] === '\\') at += 1;
    const found = at >= 0 && at < line.length;
    const after = found ? at + mark.length : line.length;
    add(line.slice(from, after));
    if (!found) return after;
    // A doubled quote goes on with the string; only in one with escapes that matters for what follows.
    if (escapes && line[after] === mark) {
      add(mark);
      return after + 1;
    }
    inside = CODE;
    return after;
  };
  const comment = (line: string, from: number, state: Extract<Inside, { kind: 'comment' }>): number => {
    const mark = /\/\*|\*\//g;
    mark.lastIndex = from;
    const found = mark.exec(line);
    if (found === null) return line.length;
    state.depth += found[0] === '/*' ? 1 : -1;
    if (state.depth === 0) {
      inside = CODE;
      add(' ');
    }
    return found.index + 2;
  };
  const endLine = (): void => {
    const line = Buffer.concat(held).toString('latin1');
    held = [];
    if (copy !== null) {
      if (size !== 3 || line !== '\\.\n') return;
      events.rows(copy.header, copy.from, offset);
      copy = null;
      return;
    }
    // psql's own commands, of which pg_dump writes two.
    if (inside.kind === 'code' && statement.trim() === '' && line.startsWith('\\')) return;
    for (let at = 0; at < line.length;)
      at =
        inside.kind === 'code'
          ? code(line, at)
          : inside.kind === 'string'
            ? string(line, at, inside)
            : comment(line, at, inside);
  };

  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      const found = chunk.indexOf(NEWLINE, at);
      const stop = found < 0 ? chunk.length : found + 1;
      // Of a row only whether it is the last line matters.
      if (copy === null || size < 3)
        held.push(chunk.subarray(at, copy === null ? stop : Math.min(stop, at + 3)));
      size += stop - at;
      offset += stop - at;
      at = stop;
      if (copy === null && size > LONGEST_LINE)
        throw new Problem({
          code: 'dump-unreadable',
          message: 'The dump in this backup cannot be taken apart: a line in it is longer than any dump has.',
          todo: 'Restore the whole database.',
        });
      if (found >= 0) {
        endLine();
        size = 0;
      }
    }
  };
}
