/** How deep values may lie in one another. PHP itself stops at 4,096. */
const DEEPEST = 400;
/** How something begins that `serialize` wrote and that may hold text. */
const BEGINS = /^(?:a:\d+:\{|s:\d+:"|O:\d+:"[^"]+":\d+:\{|C:\d+:"[^"]+":\d+:\{|E:\d+:")/;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;

class NotSerialized extends Error {}

export interface InSerialized {
  /** What becomes of a text in it; the same buffer where nothing does. */
  text(bytes: Buffer): Buffer;
  /** Told of what a class has serialized in a way of its own that cannot be read. */
  unreadable(bytes: Buffer): void;
}

/** Whether bytes begin as what PHP has serialized, whole or broken. */
export function looksSerialized(bytes: Buffer): boolean {
  return BEGINS.test(bytes.subarray(0, 400).toString('latin1'));
}

/**
 * Changes the texts in what PHP has serialized, with the lengths, which are in bytes. Nothing is made of it: no class is looked up. Names of
 * classes and properties stay; keys of arrays change unless two would become one.
 * @returns the same buffer where nothing changed; null where it is broken
 */
export function rewriteSerialized(bytes: Buffer, how: InSerialized): Buffer | null {
  try {
    return reader(bytes, how).whole();
  } catch (error) {
    if (error instanceof NotSerialized) return null;
    throw error;
  }
}

interface Text {
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
}

function reader(bytes: Buffer, how: InSerialized) {
  let at = 0;
  const edits: { readonly from: number; readonly to: number; readonly with: Buffer }[] = [];

  const expect = (byte: number): void => {
    if (bytes[at] !== byte) throw new NotSerialized();
    at += 1;
  };
  const word = (end: number, shape: RegExp): string => {
    const found = bytes.indexOf(end, at);
    if (found < 0 || found - at > 400) throw new NotSerialized();
    const text = bytes.subarray(at, found).toString('latin1');
    if (!shape.test(text)) throw new NotSerialized();
    at = found + 1;
    return text;
  };
  const count = (): number => Number(word(COLON, /^\d{1,9}$/));
  /** `5:"hello"`, the length in bytes. */
  const text = (): Text => {
    const from = at;
    const size = count();
    expect(QUOTE);
    if (at + size > bytes.length) throw new NotSerialized();
    const found = bytes.subarray(at, at + size);
    at += size;
    expect(QUOTE);
    return { from, to: at, bytes: found };
  };
  const change = ({ from, to, bytes: was }: Text, now: Buffer): void => {
    if (now !== was)
      edits.push({ from, to, with: Buffer.concat([Buffer.from(`${now.length}:"`), now, Buffer.from('"')]) });
  };
  const kindOf = (): string => {
    const kind = String.fromCharCode(bytes[at] ?? 0);
    at += 1;
    if (kind === 'N') expect(SEMICOLON);
    else expect(COLON);
    return kind;
  };
  /** @param keys whether texts as keys change too: those of arrays do, names of properties do not */
  const entries = (depth: number, keys: boolean): void => {
    const number = count();
    // Each takes at least four bytes, so that a number alone makes nothing long.
    if (number > (bytes.length - at) / 4) throw new NotSerialized();
    expect(OPEN);
    const texts: Text[] = [];
    for (let index = 0; index < number; index += 1) {
      const kind = kindOf();
      if (kind === 's') {
        texts.push(text());
        expect(SEMICOLON);
      } else if (kind === 'i') word(SEMICOLON, /^[+-]?\d+$/);
      else throw new NotSerialized();
      value(depth + 1);
    }
    expect(CLOSE);
    if (keys) changeKeys(texts);
  };
  const changeKeys = (texts: readonly Text[]): void => {
    const changed = texts.flatMap((one) => {
      const now = how.text(one.bytes);
      return now === one.bytes ? [] : [{ one, now }];
    });
    if (changed.length === 0) return;
    const taken = new Set(texts.map((one) => one.bytes.toString('latin1')));
    for (const { one, now } of changed) {
      const name = now.toString('latin1');
      if (taken.has(name)) continue;
      taken.add(name);
      change(one, now);
    }
  };
  const value = (depth: number): void => {
    if (depth > DEEPEST) throw new NotSerialized();
    switch (kindOf()) {
      case 'N':
        return;
      case 'b':
        word(SEMICOLON, /^[01]$/);
        return;
      case 'i':
        word(SEMICOLON, /^[+-]?\d+$/);
        return;
      case 'd':
        word(SEMICOLON, /^(?:[+-]?[\d.]+(?:[eE][+-]?\d+)?|-?INF|NAN)$/);
        return;
      case 'r':
      case 'R':
        word(SEMICOLON, /^\d+$/);
        return;
      case 's': {
        const found = text();
        expect(SEMICOLON);
        change(found, how.text(found.bytes));
        return;
      }
      case 'E':
        text();
        expect(SEMICOLON);
        return;
      case 'a':
        entries(depth, true);
        return;
      case 'O':
        text();
        expect(COLON);
        entries(depth, false);
        return;
      case 'C':
        text();
        expect(COLON);
        own();
        return;
      default:
        throw new NotSerialized();
    }
  };
  /** What a class wrote itself: PHP's own classes write values with marks between them. */
  const own = (): void => {
    const from = at;
    const size = count();
    expect(OPEN);
    if (at + size > bytes.length) throw new NotSerialized();
    const inside = bytes.subarray(at, at + size);
    at += size;
    const now = rewriteOwn(inside, how);
    if (now === null) how.unreadable(inside);
    else if (now !== inside)
      edits.push({ from, to: at, with: Buffer.concat([Buffer.from(`${now.length}:{`), now]) });
    expect(CLOSE);
  };
  const edited = (): Buffer => {
    if (edits.length === 0) return bytes;
    const parts: Buffer[] = [];
    let done = 0;
    for (const edit of edits.toSorted((a, b) => a.from - b.from)) {
      parts.push(bytes.subarray(done, edit.from), edit.with);
      done = edit.to;
    }
    return Buffer.concat([...parts, bytes.subarray(done)]);
  };
  return {
    whole(): Buffer {
      value(0);
      if (at !== bytes.length) throw new NotSerialized();
      return edited();
    },
    /** Values one after the other, with `x:`, `m:` and single marks between them (ArrayObject, SplObjectStorage, SplDoublyLinkedList). */
    values(): Buffer {
      while (at < bytes.length) {
        const mark = bytes.subarray(at, at + 2).toString('latin1');
        if (mark === 'x:' || mark === 'm:') at += 2;
        else if (/^[;,:]/.test(mark)) at += 1;
        else value(0);
      }
      return edited();
    },
  };
}

function rewriteOwn(bytes: Buffer, how: InSerialized): Buffer | null {
  try {
    return reader(bytes, how).values();
  } catch (error) {
    if (error instanceof NotSerialized) return null;
    throw error;
  }
}
