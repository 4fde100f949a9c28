import { Transform, type TransformCallback, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { TakesNoMore } from '../../connections/index.ts';
import { Problem, wordsOf } from '../../words/index.ts';

const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const QUOTE = 0x27;
const DOUBLE = 0x22;
const DOLLAR = 0x24;
const DASH = 0x2d;
const SLASH = 0x2f;
const STAR = 0x2a;
const OPEN = 0x28;
const CLOSE = 0x29;
const SEMICOLON = 0x3b;

const NAME = '(?:"(?:[^"]|"")+"|[A-Za-z0-9_\\x80-\\xff]+)';
const COPY = new RegExp(`^COPY ${NAME}(?:\\.${NAME})? (?:\\(${NAME}(?:, ${NAME})*\\) )?FROM stdin;$`);
/** The key of a dump, which the script on the server leaves out. */
const RESTRICT = /^\\(?:un)?restrict [A-Za-z0-9]+$/;
/** A function's body that is no string: in it a semicolon ends nothing. */
const BODY = /^\s*CREATE\b[^]*\bBEGIN\b/i;
/** Bytes of a statement, without its strings, that are looked at. */
const LONGEST = 65_536;
const SPACE = 0x20;

/** Whether a psql knows `\restrict`, by what `psql --version` says (CVE-2025-8714). */
export function knowsRestrict(version: string): boolean {
  const [, major = 0, minor = 0] = (/\b(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const since: Readonly<Record<number, number>> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };
  return major >= 18 || minor >= (since[major] ?? Infinity);
}

type Inside =
  | { readonly kind: 'code' | 'line' | 'quoted' | 'rows' }
  | { readonly kind: 'comment'; depth: number }
  | { readonly kind: 'string'; readonly escapes: boolean; odd: boolean }
  | { readonly kind: 'dollar'; readonly end: Buffer; matched: number };

const CODE: Inside = { kind: 'code' };

/**
 * Lets a dump through to a psql that would run commands found in it (`\!`, `\copy … to program`), as long as it holds
 * none: outside strings, comments and the rows of a COPY there is no backslash. Where psql, under settings that the dump
 * may have made, could see the end of a string or of a statement elsewhere than we do, the dump is refused as well.
 * @throws Problem `dump-commands`
 */
export function psqlGate(): Transform {
  const look = createLook();
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      try {
        look(chunk);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

/**
 * Has a dump written to a psql through {@link psqlGate}.
 * @throws what the gate refuses, or what the writing says; TakesNoMore where psql went away, which says less than how it did
 */
export async function throughGate(write: (to: Writable) => Promise<void>, to: Writable): Promise<void> {
  const gate = psqlGate();
  const ends = await Promise.allSettled([
    pipeline(gate, to),
    write(gate).catch((error: unknown) => {
      gate.destroy(error instanceof Error ? error : undefined);
      throw error;
    }),
  ]);
  const reasons = ends.flatMap((end): unknown[] => (end.status === 'rejected' ? [end.reason] : []));
  const [first] = reasons.filter((reason) => !(reason instanceof TakesNoMore) && !isPremature(reason));
  if (first !== undefined) throw first instanceof Error ? first : new Error(wordsOf(first));
  if (reasons.length > 0) throw new TakesNoMore();
}

function isPremature(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** @returns what is given each chunk in turn, and throws at the first byte that psql might take as a command */
function createLook(): (chunk: Buffer) => void {
  let inside = CODE;
  /** The line; the statement without its strings and comments. */
  let line: number[] = [];
  let statement: number[] = [];
  let depth = 0;
  /** Whether psql may be waiting for the end of a function where we see statements. */
  let bodies = false;
  let before = NEWLINE;
  let beforeThat = NEWLINE;
  /** `$tag`, while it may become the beginning of a string. */
  let tag: number[] | null = null;
  /** The escapes of a string that ended just now: a quote that follows goes on with it. */
  let endedWith: boolean | null = null;
  let restricts = false;
  let copies = false;

  const endStatement = (): void => {
    const said = text(statement).trim();
    statement = [];
    bodies ||= BODY.test(said);
    if (!/^\W*COPY\b/i.test(said) && !/\bCOPY\b[^]*\bSTDIN\b/i.test(said)) return;
    // Only a COPY that is alone in its line, and at whose end psql cannot wait for more, may be followed by rows.
    if (bodies || !COPY.test(said) || said !== text(line)) throw refused(said);
    copies = true;
  };
  const endLine = (): void => {
    if (restricts) {
      if (!RESTRICT.test(text(line.slice(0, -1)))) throw refused(text(line));
      statement = [];
      restricts = false;
    }
    if (copies) inside = { kind: 'rows' };
    copies = false;
  };
  /** @returns whether a comment begins, of whose first characters none begins or ends another */
  const inCode = (byte: number): boolean => {
    const wasEnded = endedWith;
    endedWith = null;
    if (copies && byte !== NEWLINE) throw refused(text(line));
    if (tag !== null) {
      tag.push(byte);
      if (byte === DOLLAR) {
        inside = { kind: 'dollar', end: Buffer.from(tag), matched: 0 };
        tag = null;
        return false;
      }
      if (isWord(byte) && !(tag.length === 2 && isDigit(byte))) {
        if (tag.length > 100) throw refused('a very long dollar quote');
        return false;
      }
      tag = null;
    }
    if (byte === BACKSLASH) {
      if (line.length !== 1 || text(statement).trim() !== '\\') throw refused(text(line));
      restricts = true;
    } else if (byte === QUOTE) {
      const marked = (before === 0x45 || before === 0x65) && !isWord(beforeThat) && beforeThat !== DOLLAR;
      inside = { kind: 'string', escapes: wasEnded ?? marked, odd: false };
    } else if (byte === DOUBLE) inside = { kind: 'quoted' };
    else if (byte === DOLLAR) {
      if (isWord(before) || before === DOLLAR) throw refused('a dollar sign in a name');
      tag = [DOLLAR];
    } else if (byte === DASH && before === DASH) {
      statement = statement.slice(0, -2);
      inside = { kind: 'line' };
    } else if (byte === STAR && before === SLASH) {
      statement = statement.slice(0, -2);
      inside = { kind: 'comment', depth: 1 };
      return true;
    } else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) depth = Math.max(0, depth - 1);
    else if (byte === SEMICOLON && depth === 0) endStatement();
    else if (byte === NEWLINE) endLine();
    return false;
  };
  const inString = (byte: number, state: Extract<Inside, { kind: 'string' }>): void => {
    if (byte === BACKSLASH) {
      // In another encoding it may be a part of the character.
      if (state.escapes && before >= 0x80) throw refused('an escape after a character of several bytes');
      state.odd = !state.odd;
      return;
    }
    if (byte === QUOTE && state.odd && !state.escapes) throw refused('a backslash before a quote');
    if (byte === QUOTE && !state.odd) {
      inside = CODE;
      endedWith = state.escapes;
    }
    state.odd = false;
  };
  const inComment = (byte: number, state: Extract<Inside, { kind: 'comment' }>): boolean => {
    const opens = byte === STAR && before === SLASH;
    const closes = byte === SLASH && before === STAR;
    if (opens) state.depth += 1;
    if (closes) state.depth -= 1;
    if (state.depth === 0) inside = CODE;
    return opens || closes;
  };

  const one = (byte: number): void => {
    line.push(byte);
    if (line.length > LONGEST) line = line.slice(0, 8);
    // What begins or ends a comment is no part of the next mark.
    let used = false;
    switch (inside.kind) {
      case 'code':
        statement.push(byte);
        if (statement.length > LONGEST) {
          if (/^\W*COPY\b/i.test(text(statement))) throw refused('a very long COPY');
          bodies = true;
          statement = statement.slice(-16);
        }
        used = inCode(byte);
        break;
      case 'quoted':
        statement.push(byte);
        if (byte === DOUBLE) inside = CODE;
        break;
      case 'line':
        if (byte === NEWLINE) {
          inside = CODE;
          endLine();
        }
        break;
      case 'comment':
        used = inComment(byte, inside);
        break;
      case 'string':
        inString(byte, inside);
        break;
      case 'dollar': {
        const wanted = inside.end[inside.matched];
        inside.matched = byte === wanted ? inside.matched + 1 : byte === DOLLAR ? 1 : 0;
        if (inside.matched === inside.end.length) inside = CODE;
        break;
      }
      case 'rows':
        if (byte !== NEWLINE || line.length > 4) break;
        if (text(line) === '\\.\r\n') throw refused('another end of rows than pg_dump writes');
        if (text(line) === '\\.\n') {
          inside = CODE;
          statement = [];
        }
    }
    beforeThat = before;
    before = used ? SPACE : byte;
    if (byte === NEWLINE) line = [];
  };

  return (chunk) => {
    // psql takes it for the end of what it reads.
    if (chunk.includes(0)) throw refused('a zero byte');
    for (let at = 0; at < chunk.length; at += 1) {
      // Of a row nothing but its beginning and its end matters.
      if (inside.kind === 'rows' && line.length > 4) {
        const end = chunk.indexOf(NEWLINE, at);
        if (end < 0) return;
        at = end;
      }
      one(chunk[at] ?? 0);
    }
  };
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isWord(byte: number): boolean {
  return (
    isDigit(byte) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x5f ||
    byte >= 0x80
  );
}

function text(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('latin1');
}

function refused(what: string): Problem {
  return new Problem({
    code: 'dump-commands',
    message: 'This dump may hold commands for the server that it is restored on. It was not restored.',
    attempted: 'Put the database back',
    answered: what.slice(0, 300),
    todo: 'This psql runs commands that stand in a dump. Ask the host for one that knows \\restrict (13.22, 14.19, 15.14, 16.10, 17.6 or newer).',
  });
}
