import { z } from 'zod';
import { decode } from 'html-entities';

/** Where a platform tells the address of a page that differs from site to site. */
export interface PageHint {
  /** The path that is asked. */
  readonly in: string;
  /** The key in JSON, the element in XML, or the word before a colon in plain text, that holds the address. */
  readonly key: string;
}

/**
 * The first address in an answer that is the site's own and not its front page.
 * @returns null where there is none
 */
export function addressIn(body: string, hint: PageHint, site: string): string | null {
  const home = new URL(site);
  for (const said of addresses(body, hint.key)) {
    if (!URL.canParse(said, home.href)) continue;
    const url = new URL(said, home.href);
    if (url.origin === home.origin && url.href.replace(/\/+$/, '') !== home.href.replace(/\/+$/, ''))
      return url.href;
  }
  return null;
}

const MOST = 200;

function addresses(body: string, key: string): string[] {
  const start = body.trimStart()[0];
  if (start === '{' || start === '[') return inJson(body, key);
  if (start === '<') return inXml(body, key);
  return body
    .split('\n', 2_000)
    .filter((line) => line.toLowerCase().startsWith(`${key.toLowerCase()}:`))
    .map((line) => line.slice(key.length + 1).trim());
}

function inJson(body: string, key: string): string[] {
  const found: string[] = [];
  try {
    JSON.parse(body, (name, value: unknown) => {
      const text = z.string().safeParse(value);
      if (name === key && text.success && found.length < MOST) found.push(text.data);
      return value;
    });
  } catch {
    // What is no JSON holds no address.
  }
  return found;
}

function inXml(body: string, key: string): string[] {
  const found: string[] = [];
  for (
    let at = body.indexOf(`<${key}>`);
    at >= 0 && found.length < MOST;
    at = body.indexOf(`<${key}>`, at + 1)
  ) {
    const from = at + key.length + 2;
    const end = body.indexOf('<', from);
    if (end < 0) break;
    found.push(decode(body.slice(from, end)).trim());
  }
  return found;
}
