import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { wordsOf } from '../words/index.ts';
import { ask, type Answer, type Way } from './judging/fetch-page.ts';
import type { Probe } from './judging/page.ts';
import { readPage } from './judging/read-page.ts';

export interface ProbeOptions {
  /** `{word}` in it is replaced by a word of chance, which the page should hold. */
  readonly url: string;
  readonly way: Way;
  /** Messages that mean a broken page, whatever its status. */
  readonly faults: readonly string[];
  /** Lets us pass our own maintenance page. */
  readonly secret: string | null;
  readonly signal: AbortSignal;
  readonly timeLimit?: number;
}

const REDIRECTS = 5;
const TIME_LIMIT = 60_000;
/** What is added to each address, so that no cache has the answer; taken off again where it is shown. */
const FRESH = 'groundskeeper';
const WORD = /(?:\{|%7B)word(?:\}|%7D)/i;

/** One look at a page from outside, following redirects. Never throws but when cancelled: what went wrong is the probe's `fault`. */
export async function probe(options: ProbeOptions): Promise<Probe> {
  const limit = AbortSignal.timeout(options.timeLimit ?? TIME_LIMIT);
  const signal = AbortSignal.any([options.signal, limit]);
  const word = WORD.test(options.url) ? `gk${randomBytes(5).toString('hex')}` : null;
  const asked = new URL(options.url.replace(WORD, word ?? ''));
  let url = new URL(asked);
  url.searchParams.append(FRESH, randomBytes(6).toString('hex'));
  let millis = 0;
  const askedAt = Date.now();
  const seen = (part: Partial<Probe>): Probe => ({
    url: options.url,
    way: options.way.kind,
    status: null,
    finalUrl: withoutFresh(url, word),
    title: '',
    words: 0,
    bytes: 0,
    millis,
    fault: null,
    kind: 'other',
    wellFormed: true,
    terms: new Set(),
    main: new Set(),
    login: false,
    certificate: null,
    cached: null,
    askedAt,
    madeAt: null,
    echo: null,
    assets: [],
    ...part,
  });
  try {
    for (let hop = 0; hop <= REDIRECTS; hop += 1) {
      const answer = await ask(url, { way: options.way, signal, headers: headersFor(options, asked, url) });
      millis += answer.millis;
      const { location } = answer.headers;
      if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
        url = new URL(location, url);
        continue;
      }
      const { faults } = options;
      const read = readPage(answer.body, answer.headers['content-type'] ?? '', { url: url.href, faults });
      return seen({
        ...read,
        ...toldBy(answer),
        title: word === null ? read.title : read.title.replaceAll(word, '{word}'),
        status: answer.status,
        echo: word === null ? null : answer.body.includes(word),
      });
    }
    return seen({ fault: `more than ${REDIRECTS} redirects` });
  } catch (error) {
    options.signal.throwIfAborted();
    if (limit.aborted) return seen({ fault: 'no answer in time' });
    return seen({ fault: wordsOf(error instanceof AggregateError ? (error.errors[0] ?? error) : error) });
  }
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

/** What an answer's head tells. */
function toldBy({ headers, certificate, millis: _millis }: Answer) {
  const made = Date.parse(headers.date ?? '');
  return { certificate, cached: cachedBy(headers), madeAt: Number.isNaN(made) ? null : made };
}

/** The header by which a cache says that the answer is not fresh; null: none does. */
export function cachedBy(headers: http.IncomingHttpHeaders): string | null {
  const age = Number(headers.age ?? 0);
  if (age > 0) return `age: ${age}`;
  for (const [name, value] of Object.entries(headers)) {
    if (!/cache/i.test(name) || /^cache-control$/i.test(name)) continue;
    const said = Array.isArray(value) ? value.join(', ') : (value ?? '');
    if (/\b(?:hit|stale|updating|revalidated)\b/i.test(said)) return `${name}: ${said.slice(0, 60)}`;
  }
  // Varnish names the request that it answered, and the one whose answer it gave.
  const varnish = headers['x-varnish'];
  return typeof varnish === 'string' && /^\d+ \d+$/.test(varnish.trim()) ? `x-varnish: ${varnish}` : null;
}

function headersFor({ secret }: ProbeOptions, asked: URL, url: URL): Record<string, string> {
  return {
    'user-agent': 'Groundskeeper/0.1 (health probe)',
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    // The secret goes only to the site it was made for, be it by TLS.
    ...(secret !== null && isSameSite(asked, url) ? { 'x-groundskeeper': secret } : {}),
  };
}

function isSameSite(asked: URL, url: URL): boolean {
  if (asked.origin === url.origin) return true;
  const upgraded = asked.protocol === 'http:' && url.protocol === 'https:';
  return upgraded && asked.hostname === url.hostname && asked.port === '' && url.port === '';
}

function withoutFresh(url: URL, word: string | null): string {
  const plain = new URL(url);
  plain.searchParams.delete(FRESH);
  return word === null ? plain.href : plain.href.replaceAll(word, '{word}');
}
