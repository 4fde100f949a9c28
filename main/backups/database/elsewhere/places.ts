import type { Moved } from '../../../platforms/index.ts';

/** Finds places in text that name what moves. Text is bytes, each as one character (latin1). */
export interface Places {
  /** Whether there may be any: quick, and never no where there are. */
  mayBeIn(bytes: Buffer): boolean;
  /** The same in bytes that are written in hex, upper or lower case. */
  mayBeInHex(digits: Buffer): boolean;
  readonly replace: (text: string) => { readonly text: string; readonly places: number };
}

/** A slash and a colon in all ways that data writes them: plain, in JSON (also within JSON), percent-encoded (also twice), in HTML. */
const SLASH = String.raw`(?:\\{0,7}/|%(?:25){0,2}2[Ff]|&#(?:x0*2[Ff]|0*47);|\\{1,7}u002[Ff])`;
const COLON = String.raw`(?::|%(?:25){0,2}3[Aa]|&#(?:x0*3[Aa]|0*58);|\\{1,7}u003[Aa])`;
/** What comes before a name that begins with a slash: not the rest of a longer one. */
const BEGINS = String.raw`(?:(?<![\w.~:%\\/-])|(?<=%(?!2[Ff]|3[Aa])[0-9A-Fa-f]{2})|(?<=(?<!\\)\\[nrt]))`;
/** A path may stand behind a colon (`include_path`, `file://`) as well. */
const BEGINS_PATH = String.raw`(?:${BEGINS}|(?<=:)|(?<=:\/\/)|(?<=%3[Aa]))`;
/** The name ends here: `example.com` is no part of `example.com.au` or `example.community`. */
const ENDS = String.raw`(?![\w-]|\.\w)`;
const NO_OTHER_PORT = String.raw`(?!${COLON}\d|@|%40)`;

/** Finds what moves. The longest is looked for first; what is the same in both sites is not looked for. */
export function placesOf(moves: readonly Moved[]): Places {
  const wanted = [
    ...new Map(moves.filter(({ from, to }) => from !== to).map((one) => [one.from, one])).values(),
  ]
    .filter(({ kind, from }) => kind === 'url' || segmentsOf(from).length > 0)
    .toSorted((a, b) => b.from.length - a.from.length);
  const parts = wanted.map((move, at) => (move.kind === 'url' ? urlPart(move, at) : pathPart(move, at)));
  const pattern = new RegExp(parts.map(({ source }) => source).join('|'), 'g');
  const needles = [...new Set(parts.map(({ needle }) => needle))];
  const inHex = needles.flatMap((needle) => {
    const hex = Buffer.from(needle, 'latin1').toString('hex');
    return [hex, hex.toUpperCase()];
  });
  return {
    mayBeIn: (bytes) => needles.some((needle) => bytes.includes(needle, 0, 'latin1')),
    mayBeInHex: (digits) => inHex.some((needle) => digits.includes(needle, 0, 'latin1')),
    replace(text) {
      if (parts.length === 0) return { text, places: 0 };
      let places = 0;
      const replaced = text.replace(pattern, (...found: unknown[]) => {
        const whole = String(found[0]);
        const groups = groupsOf(found.at(-1));
        const [part] = parts.flatMap(({ written }) => written(groups) ?? []);
        if (part === undefined || part === whole) return whole;
        places += 1;
        return part;
      });
      return { text: replaced, places };
    },
  };
}

interface Part {
  readonly source: string;
  /** What is in every text that this is found in. */
  readonly needle: string;
  /** The new name in the way of writing that was found; null: this is not what was found. */
  readonly written: (groups: Readonly<Record<string, string>>) => string | null;
}

function urlPart({ from, to }: Moved, at: number): Part {
  const [source, target] = [addressOf(from), addressOf(to)];
  const [c, s, r] = [`c${at}`, `s${at}`, `r${at}`];
  const rest = (slash: string, colon: string) => {
    const port = source.port === '' ? '' : `${colon}${source.port}`;
    const path = source.segments.map((segment) => `\\k<${slash}>${literal(segment)}`).join('');
    const noPort = source.port === '' && path === '' ? NO_OTHER_PORT : '';
    return `${literal(source.host)}${port}${path}${ENDS}${noPort}${notYet(from, to, slash)}`;
  };
  const scheme = `https?(?<${c}>${COLON})(?<${s}>${SLASH})\\k<${s}>${rest(s, `\\k<${c}>`)}`;
  const relative = `${BEGINS}(?<${r}>${SLASH})\\k<${r}>${rest(r, COLON)}`;
  return {
    source: `${scheme}|${relative}`,
    needle: source.host,
    written(groups) {
      const slash = groups[s] ?? groups[r];
      if (slash === undefined) return null;
      const colon = groups[c] ?? colonLike(slash);
      const begins = groups[c] === undefined ? '' : `${target.scheme}${colon}`;
      const port = target.port === '' ? '' : `${colon}${target.port}`;
      const path = target.segments.map((segment) => `${slash}${segment}`).join('');
      return `${begins}${slash}${slash}${target.host}${port}${path}`;
    },
  };
}

function pathPart({ from, to }: Moved, at: number): Part {
  const p = `p${at}`;
  const [first = '', ...segments] = segmentsOf(from);
  const path = segments.map((segment) => `\\k<${p}>${literal(segment)}`).join('');
  return {
    source: `${BEGINS_PATH}(?<${p}>${SLASH})${literal(first)}${path}${ENDS}${notYet(from, to, p)}`,
    needle: [first, ...segments].toSorted((a, b) => b.length - a.length)[0] ?? '',
    written(groups) {
      const slash = groups[p];
      if (slash === undefined) return null;
      return segmentsOf(to)
        .map((segment) => `${slash}${segment}`)
        .join('');
    },
  };
}

/** Where the new name only goes on from the old one, what goes on so already is the new one. */
function notYet(from: string, to: string, slash: string): string {
  if (!to.startsWith(`${from}/`)) return '';
  const rest = segmentsOf(to.slice(from.length)).map((segment) => `\\k<${slash}>${literal(segment)}`);
  return `(?!${rest.join('')}${ENDS})`;
}

function addressOf(url: string) {
  const [, scheme = '', host = '', port = '', path = ''] =
    /^(https?):\/\/([^/:]+)(?::(\d+))?(.*)$/.exec(url) ?? [];
  if (host === '') throw new TypeError(`not a URL: ${url}`);
  return { scheme, host: bytesOf(host), port, segments: segmentsOf(path) };
}

function segmentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map(bytesOf);
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/-]/g, '\\$&');
}

function colonLike(slash: string): string {
  return slash.startsWith('%') ? slash.replace(/2[Ff]$/, '3A') : ':';
}

function groupsOf(given: unknown): Readonly<Record<string, string>> {
  const groups: Record<string, string> = {};
  if (typeof given === 'object' && given !== null)
    for (const [name, text] of Object.entries(given)) if (typeof text === 'string') groups[name] = text;
  return groups;
}
