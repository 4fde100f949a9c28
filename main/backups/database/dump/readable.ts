/** How deep values may lie in one another, and characters of the text that is made. */
const DEEPEST = 60;
const LONGEST = 400_000;

type Value =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'string'; readonly bytes: Buffer }
  | {
      readonly kind: 'list';
      /** The class of an object; empty: an array. */
      readonly name: string;
      readonly entries: readonly (readonly [Value, Value])[];
    };

/**
 * What PHP has serialized, or JSON, written so that a person can read it. Nothing is made of it but text: no class is
 * looked up and no method called, as `unserialize` does.
 * @returns null where it is neither, or more than a person would read
 */
export function readable(text: string): string | null {
  const php = phpValue(Buffer.from(text));
  if (php !== null && php.kind !== 'plain') return written(php);
  if (!/^\s*[[{]/.test(text) || text.length > LONGEST || depthOf(text) > DEEPEST) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

/** How deep brackets go; those in strings count too. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of json.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

class NotSerialized extends Error {}

/** Reads a value that `serialize` wrote; null where it is none, or goes on after its end. */
export function phpValue(bytes: Buffer): Value | null {
  if (!/^(?:[sbid]:|N;|[aO]:\d)/.test(bytes.subarray(0, 4).toString('latin1'))) return null;
  let at = 0;
  const until = (end: number): string => {
    const found = bytes.indexOf(end, at);
    if (found < 0 || found - at > 400) throw new NotSerialized();
    const part = bytes.subarray(at, found).toString('utf8');
    at = found + 1;
    return part;
  };
  const count = (text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new NotSerialized();
    return Number(text);
  };
  const expect = (text: string): void => {
    if (bytes.subarray(at, at + text.length).toString('latin1') !== text) throw new NotSerialized();
    at += text.length;
  };
  const string = (): Buffer => {
    const size = count(until(0x3a));
    expect('"');
    if (at + size > bytes.length) throw new NotSerialized();
    const found = bytes.subarray(at, at + size);
    at += size;
    expect('"');
    return found;
  };
  const entries = (number: number, depth: number): (readonly [Value, Value])[] => {
    // Each takes at least four bytes, so that a number alone makes nothing large.
    if (number > (bytes.length - at) / 4) throw new NotSerialized();
    expect('{');
    const found: (readonly [Value, Value])[] = [];
    for (let index = 0; index < number; index += 1) {
      const key = value(depth + 1);
      found.push([key, value(depth + 1)]);
    }
    expect('}');
    return found;
  };
  const value = (depth: number): Value => {
    if (depth > DEEPEST) throw new NotSerialized();
    const kind = bytes.subarray(at, at + 2).toString('latin1');
    at += 2;
    switch (kind) {
      case 'N;':
        return { kind: 'plain', text: 'null' };
      case 'b:':
        return { kind: 'plain', text: until(0x3b) === '0' ? 'false' : 'true' };
      case 'i:':
      case 'd:':
        return { kind: 'plain', text: until(0x3b) };
      case 'r:':
      case 'R:':
        return { kind: 'plain', text: `(the same as value ${until(0x3b)})` };
      case 's:': {
        const found = string();
        expect(';');
        return { kind: 'string', bytes: found };
      }
      case 'E:': {
        const found = string();
        expect(';');
        return { kind: 'plain', text: found.toString('utf8') };
      }
      case 'a:':
        return { kind: 'list', name: '', entries: entries(count(until(0x3a)), depth) };
      case 'O:': {
        const name = string().toString('utf8');
        expect(':');
        return { kind: 'list', name, entries: entries(count(until(0x3a)), depth) };
      }
      default:
        throw new NotSerialized();
    }
  };
  try {
    const found = value(0);
    return at === bytes.length ? found : null;
  } catch (error) {
    if (error instanceof NotSerialized) return null;
    throw error;
  }
}

function written(value: Value): string | null {
  let size = 0;
  let tooLong = false;
  const write = (one: Value, indent: string, depth: number): string => {
    if (tooLong) return '';
    const text = pieces(one, indent, depth);
    return text;
  };
  const add = (text: string): string => {
    size += text.length;
    if (size > LONGEST) tooLong = true;
    return text;
  };
  const pieces = (one: Value, indent: string, depth: number): string => {
    if (one.kind === 'plain') return add(one.text);
    if (one.kind === 'string') {
      // What was serialized twice is common in WordPress.
      const inner = depth < DEEPEST ? phpValue(one.bytes) : null;
      if (inner !== null && inner.kind === 'list') return `serialized ${write(inner, indent, depth + 1)}`;
      return add(JSON.stringify(one.bytes.toString('utf8')));
    }
    const list = one.entries.every(
      ([key], index) => key.kind === 'plain' && key.text === String(index) && one.name === '',
    );
    const [open, close] = list ? ['[', ']'] : ['{', '}'];
    const name = one.name === '' ? '' : `${one.name} `;
    if (one.entries.length === 0) return add(`${name}${open}${close}`);
    const inside = one.entries.map(([key, entry]) => {
      const before = list ? '' : add(`${keyOf(key)}: `);
      return `${indent}  ${before}${write(entry, `${indent}  `, depth + 1)}`;
    });
    return `${add(name)}${open}\n${inside.join(',\n')}\n${indent}${close}`;
  };
  const text = write(value, '', 0);
  return tooLong ? null : text;
}

/** A private or protected property has its class before its name, between zero bytes. */
function keyOf(key: Value): string {
  if (key.kind === 'plain') return key.text;
  if (key.kind === 'list') return '?';
  const name = key.bytes.toString('utf8');
  return JSON.stringify(name.startsWith('\0') ? name.slice(name.indexOf('\0', 1) + 1) : name);
}
