import { decode } from 'html-entities';
import { readHtml } from './html.ts';
import type { Probe } from './page.ts';

type Read = Pick<
  Probe,
  'title' | 'words' | 'bytes' | 'kind' | 'wellFormed' | 'terms' | 'main' | 'login' | 'assets' | 'fault'
>;

/** Characters of a page that are looked at for words. */
const MOST_TEXT = 400_000;
const MOST_TERMS = 20_000;
const MOST_ASSETS = 12;
/** Writing that has no spaces between its words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

/**
 * What is seen of a page's body.
 * @param faults messages that mean a broken page, whatever its status
 * @param url where it came from, for the addresses in it
 */
export function readPage(
  body: Buffer,
  type: string,
  { url, faults }: { url: string; faults: readonly string[] },
): Read {
  const text = body.toString('utf8');
  const kind = kindOf(type, text);
  const html = kind === 'html' ? readHtml(text) : null;
  const visible = (html?.text ?? text).slice(0, MOST_TEXT);
  return {
    title: decode(html?.title.trim() ?? '').slice(0, 200),
    words: visible.split(/\s+/).filter((word) => word !== '').length,
    bytes: body.length,
    kind,
    wellFormed: isWellFormed(kind, text),
    terms: termsOf(visible),
    main: html === null ? new Set() : termsOf(html.main).difference(termsOf(html.around)),
    login: html?.tags.some((tag) => /^<input\b[^>]*\btype\s*=\s*["']?password\b/i.test(tag)) ?? false,
    assets: html === null ? [] : assetsOf(html.tags, url),
    fault: faultIn(text, html?.lines ?? text.replaceAll(/<\/?b>/g, ''), faults),
  };
}

/** The distinct words of a text: small letters, every digit a 0; writing without spaces in pairs of characters. */
export function termsOf(text: string): ReadonlySet<string> {
  const terms = new Set<string>();
  for (const [word] of decode(text.slice(0, MOST_TEXT))
    .toLowerCase()
    .matchAll(/[\p{L}\p{N}]+/gu)) {
    if (terms.size >= MOST_TERMS) break;
    const plain = word.replace(/\p{N}/gu, '0');
    if (!UNSPACED.test(plain)) {
      terms.add(plain.slice(0, 40));
      continue;
    }
    const letters = [...plain];
    if (letters.length === 1) terms.add(plain);
    for (let at = 0; at + 1 < letters.length && terms.size < MOST_TERMS; at += 1)
      terms.add(`${letters[at] ?? ''}${letters[at + 1] ?? ''}`);
  }
  return terms;
}

function kindOf(type: string, text: string): Probe['kind'] {
  if (/\bjson\b/i.test(type)) return 'json';
  if (/\bhtml\b/i.test(type)) return 'html';
  if (/\bxml\b/i.test(type)) return 'xml';
  return type === '' || /^\s*<(!doctype|html)\b/i.test(text) ? 'html' : 'other';
}

function isWellFormed(kind: Probe['kind'], text: string): boolean {
  // Even a blank line before it makes a feed unreadable.
  if (kind === 'xml') return text.replace(/^\uFEFF/, '').startsWith('<');
  if (kind !== 'json') return true;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function assetsOf(tags: readonly string[], url: string): string[] {
  const found = new Set<string>();
  for (const tag of tags) {
    if (/^<input/i.test(tag)) continue;
    if (/^<link/i.test(tag) && !/\brel\s*=\s*["']?stylesheet\b/i.test(tag)) continue;
    const said = /\s(?:href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(tag);
    const address = decode(said?.[1] ?? said?.[2] ?? said?.[3] ?? '');
    if (address === '' || !URL.canParse(address, url)) continue;
    const asset = new URL(address, url);
    if (asset.origin === new URL(url).origin) found.add(asset.href);
    if (found.size >= MOST_ASSETS) break;
  }
  return [...found];
}

function faultIn(body: string, lines: string, faults: readonly string[]): string | null {
  if (/^\s*<\?php\b/.test(body)) return 'The server hands out PHP’s source';
  const plain = decode(lines);
  const found = faults.find((fault) => plain.includes(fault));
  if (found === undefined) return null;
  // The sentence or line that it stands in, as a person would quote it.
  const rest = plain.slice(plain.indexOf(found), plain.indexOf(found) + 200);
  return (/^[^\n]*?(?=\.\s|\.$|\n|$)/m.exec(rest)?.[0] ?? rest).trim();
}
