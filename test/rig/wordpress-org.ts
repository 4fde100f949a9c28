import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { packageOf, type Component } from './component.ts';
import { answerWith, type Fault } from './faults.ts';
import { wordPressTree, type WordPressTree } from './wordpress-trees.ts';
import {
  coreAnswer,
  pluginAnswer,
  themeAnswer,
  informationOf,
  type Offers,
} from './wordpress-org-answers.ts';
import { filesBelow } from './zip.ts';

/** What can be asked of wordpress.org. */
export type Question =
  | 'core-check'
  | 'plugin-check'
  | 'theme-check'
  | 'checksums'
  | 'plugin-checksums'
  | 'information'
  | 'download';

/** One request that came in. */
export interface Asked {
  readonly question: Question | null;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** A stand-in for api.wordpress.org and downloads.wordpress.org, answering in their shapes. */
export interface WordPressOrg {
  /** Base of the API: what GROUNDSKEEPER_WORDPRESS_API takes. Without a slash at the end. */
  readonly api: string;
  /** Base of the downloads: what GROUNDSKEEPER_WORDPRESS_DOWNLOADS takes. */
  readonly downloads: string;
  /** Publishes a version of a plugin or theme; the newest one published is what waits. */
  offer(component: Component): void;
  /** Publishes a WordPress, such as `6.5`. */
  offerCore(version: string): Promise<void>;
  /** Publishes a WordPress that was made for a test. */
  offerTree(tree: WordPressTree): void;
  /** Every question of this kind is answered like that from now on. */
  fail(question: Question, fault: Fault): void;
  /** All is well again. */
  recover(): void;
  /** What was asked, the oldest first. */
  readonly asked: readonly Asked[];
  /** How often a question was asked. */
  count(question: Question): number;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts the stand-in on a free port of 127.0.0.1 with nothing to offer. */
export async function aWordPressOrg(): Promise<WordPressOrg> {
  const offers: Offers = { base: '', cores: [], components: [] };
  const faults = new Map<Question, Fault>();
  const asked: Asked[] = [];
  const server = http.createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = (await buffer(request)).toString();
    const url = new URL(request.url ?? '/', offers.base);
    const question = questionOf(url.pathname);
    asked.push({
      question,
      method: request.method ?? '',
      path: url.pathname + url.search,
      headers: request.headers,
      body,
    });
    const good =
      question === null ? null : await goodAnswer(question, url, new URLSearchParams(body), offers);
    const fault = question === null ? undefined : faults.get(question);
    await answerWith(request, response, good, fault);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  offers.base = base;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    api: base,
    downloads: base,
    asked,
    offer: (component) => void offers.components.push(component),
    async offerCore(version) {
      offers.cores.push(await wordPressTree(version));
    },
    offerTree: (tree) => void offers.cores.push(tree),
    fail: (question, fault) => void faults.set(question, fault),
    recover: () => faults.clear(),
    count: (question) => asked.filter((one) => one.question === question).length,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A good answer, before any fault. */
export interface Answer {
  readonly type: 'application/json' | 'application/zip' | 'text/plain';
  readonly body: Buffer;
}

const PATHS: readonly (readonly [RegExp, Question])[] = [
  [/^\/core\/version-check\/1\.7\/$/, 'core-check'],
  [/^\/plugins\/update-check\/1\.1\/$/, 'plugin-check'],
  [/^\/themes\/update-check\/1\.1\/$/, 'theme-check'],
  [/^\/core\/checksums\/1\.0\/$/, 'checksums'],
  [/^\/plugin-checksums\/[^/]+\/[^/]+\.json$/, 'plugin-checksums'],
  [/^\/plugins\/info\/1\.[0-2]\/$/, 'information'],
  [/^\/(plugin|theme|release)\/.+\.zip(\.md5|\.sha1)?$/, 'download'],
];

function questionOf(pathname: string): Question | null {
  return PATHS.find(([pattern]) => pattern.test(pathname))?.[1] ?? null;
}

async function goodAnswer(
  question: Question,
  url: URL,
  form: URLSearchParams,
  offers: Offers,
): Promise<Answer | null> {
  switch (question) {
    case 'core-check':
      return json(coreAnswer(url.searchParams, offers));
    case 'plugin-check':
      return json(pluginAnswer(form, offers));
    case 'theme-check':
      return json(themeAnswer(form, offers));
    case 'checksums':
      return json(await coreChecksums(url.searchParams.get('version') ?? '', offers));
    case 'plugin-checksums':
      return pluginChecksums(url.pathname, offers);
    case 'information': {
      const found = informationOf(
        url.searchParams.get('request[slug]') ?? url.searchParams.get('slug') ?? '',
        offers,
      );
      return found === null ? null : json(found);
    }
    case 'download':
      return download(url.pathname, offers);
  }
}

async function coreChecksums(version: string, { cores }: Offers): Promise<unknown> {
  const tree =
    cores.find((core) => core.version === version) ?? (await wordPressTree(version).catch(() => null));
  if (tree?.version !== version) return { checksums: false };
  const files = filesBelow(tree.folder).filter((name) => !name.startsWith('wp-content/'));
  const sums = files.map(
    (name) => [name, hash('md5', fs.readFileSync(path.join(tree.folder, name)))] as const,
  );
  return { checksums: Object.fromEntries(sums) };
}

function pluginChecksums(pathname: string, offers: Offers): Answer | null {
  const [, slug, version] = /^\/plugin-checksums\/([^/]+)\/(.+)\.json$/.exec(pathname) ?? [];
  const plugin = offers.components.find(
    (one) => one.kind === 'plugin' && one.slug === slug && one.version === version,
  );
  if (!plugin) return null;
  const files = [...plugin.files].map(([name, content]) => {
    const bytes = Buffer.from(content);
    return [name, { md5: hash('md5', bytes), sha256: hash('sha256', bytes) }] as const;
  });
  const zip = `${offers.base}/plugin/${plugin.slug}.${plugin.version}.zip`;
  return json({
    plugin: plugin.slug,
    version: plugin.version,
    source: '',
    zip,
    files: Object.fromEntries(files),
  });
}

async function download(pathname: string, offers: Offers): Promise<Answer | null> {
  const [, file, sum] = /^(.*\.zip)(?:\.(md5|sha1))?$/.exec(pathname) ?? [];
  const body = await packageAt(file ?? '', offers);
  if (body === null) return null;
  return sum ? { type: 'text/plain', body: Buffer.from(hash(sum, body)) } : { type: 'application/zip', body };
}

async function packageAt(pathname: string, offers: Offers): Promise<Buffer | null> {
  for (const core of offers.cores) {
    for (const file of [core.zip, core.zipWithoutContent]) {
      if (pathname === `/release/${path.basename(file)}`) return fs.readFileSync(file);
    }
  }
  const found = offers.components.find((one) => pathname === `/${one.kind}/${one.slug}.${one.version}.zip`);
  return found ? packageOf(found) : null;
}

function json(value: unknown): Answer {
  return { type: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

function hash(algorithm: string, bytes: Buffer): string {
  return crypto.createHash(algorithm).update(bytes).digest('hex');
}
