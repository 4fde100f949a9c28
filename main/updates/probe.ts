import { decode } from 'html-entities';
import { wordsOf } from '../words/index.ts';
import type { Probe } from './plan.ts';

export interface ProbeOptions {
  readonly url: string;
  /** Messages that mean a broken page, whatever its status. */
  readonly faults: readonly string[];
  /** Lets us pass our own maintenance page. */
  readonly secret: string | null;
  readonly signal: AbortSignal;
  readonly timeLimit?: number;
}

const MAX_BYTES = 4 * 1024 * 1024;
const REDIRECTS = 5;

/** One look at a page from outside, following redirects. Never throws but when cancelled: what went wrong is the probe's `fault`. */
export async function probe(options: ProbeOptions): Promise<Probe> {
  const started = performance.now();
  const limit = AbortSignal.timeout(options.timeLimit ?? 60_000);
  let url = options.url;
  const seen = (part: Partial<Probe>): Probe => ({
    url: options.url,
    status: null,
    finalUrl: url,
    title: '',
    words: 0,
    bytes: 0,
    millis: Math.round(performance.now() - started),
    fault: null,
    ...part,
  });
  try {
    for (let hop = 0; hop <= REDIRECTS; hop += 1) {
      const sameOrigin = new URL(url).origin === new URL(options.url).origin;
      const response = await fetch(url, {
        redirect: 'manual',
        signal: AbortSignal.any([options.signal, limit]),
        headers: {
          'user-agent': 'Groundskeeper/0.1 (health probe)',
          'cache-control': 'no-cache',
          accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
          // The secret goes only to the site it was made for.
          ...(options.secret !== null && sameOrigin ? { 'x-groundskeeper': options.secret } : {}),
        },
      });
      const location = response.headers.get('location');
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        url = new URL(location, url).href;
        continue;
      }
      const body = await readSome(response);
      return seen({ status: response.status, ...described(body), fault: faultIn(body, options.faults) });
    }
    return seen({ fault: `more than ${REDIRECTS} redirects` });
  } catch (error) {
    options.signal.throwIfAborted();
    if (limit.aborted) return seen({ fault: 'no answer in time' });
    return seen({
      fault: wordsOf(error instanceof Error && error.cause !== undefined ? error.cause : error),
    });
  }
}

/** Looks at all pages of a site, one after the other, the quickest of `times` looks each. */
export async function probeAll(
  urls: readonly string[],
  times: number,
  options: Omit<ProbeOptions, 'url'>,
): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (const url of urls) {
    let best: Probe | null = null;
    for (let time = 0; time < times; time += 1) {
      const seen = await probe({ ...options, url });
      if (best === null || (seen.fault === null && seen.millis < best.millis)) best = seen;
    }
    if (best) probes.push(best);
  }
  return probes;
}

/** The pages to look at: the platform's and the user's, on the site's own origin. */
export function probeUrls(site: string, paths: readonly string[]): string[] {
  const base = site.endsWith('/') ? site : `${site}/`;
  const urls = paths.flatMap((path) => {
    const url = /^https?:/.test(path) ? new URL(path) : new URL(path.replace(/^\//, ''), base);
    return url.origin === new URL(base).origin ? [url.href] : [];
  });
  return [...new Set(urls)];
}

async function readSome(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  const body: AsyncIterable<unknown> = response.body;
  for await (const chunk of body) {
    if (!(chunk instanceof Uint8Array)) continue;
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function described(body: string): Pick<Probe, 'title' | 'words' | 'bytes'> {
  const title = decode((/<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1] ?? '').trim()).slice(0, 200);
  const text = body
    .replace(/<(script|style|template|noscript)\b[\s\S]*?<\/\1>/gi, ' ')
    .replace(/<[^>]*>/g, ' ');
  return {
    title,
    words: text.split(/\s+/).filter((word) => word !== '').length,
    bytes: Buffer.byteLength(body),
  };
}

function faultIn(body: string, faults: readonly string[]): string | null {
  // `<b>Fatal error</b>:` is one line to a reader, two paragraphs are not.
  const plain = decode(
    body.replace(/<\/?(?:a|b|i|em|strong|span|code|small|u)\b[^>]*>/gi, '').replace(/<[^>]*>/g, '\n'),
  );
  const found = faults.find((fault) => plain.includes(fault));
  if (found === undefined) return null;
  // The sentence or line that it stands in, as a person would quote it.
  const rest = plain.slice(plain.indexOf(found), plain.indexOf(found) + 200);
  return (/^[^\n]*?(?=\.\s|\.$|\n|$)/m.exec(rest)?.[0] ?? rest).trim();
}
