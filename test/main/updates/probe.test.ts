import http from 'node:http';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cachedBy, probe, probeUrls } from '../../../main/updates/probe.ts';
import { NETWORK } from '../../../main/updates/judging/ways.ts';
import { aFreePort } from '../../rig/index.ts';
import { never } from '../samples.ts';

const PAGE =
  '<!doctype html><title> Hollyhock &amp; Sons </title><style>not a word</style><script>nor this</script><p>Three <b>good</b> words</p>';
const pages: Record<string, (request: http.IncomingMessage, response: http.ServerResponse) => void> = {
  '/': (_, response) => void response.end(PAGE),
  '/empty': (_, response) => void response.end(),
  '/moved': (_, response) => void response.writeHead(301, { location: '/' }).end('moved'),
  '/login': (_, response) => void response.writeHead(302, { location: '/wp-login.php?redirect_to=x' }).end(),
  '/circle': (_, response) => void response.writeHead(302, { location: '/circle' }).end(),
  '/elsewhere': (_, response) =>
    void response.writeHead(302, { location: `http://localhost:${port}/secret` }).end(),
  '/secret': (request, response) =>
    void response.end(String(request.headers['x-groundskeeper'] ?? 'no secret')),
  '/no-place': (_, response) => void response.writeHead(304).end(),
  '/fatal': (_, response) =>
    void response.end('<b>Fatal error</b>:  Uncaught Error: Call to undefined\nfunction x()<p>more'),
  '/broken': (_, response) => void response.writeHead(500).end('Internal Server Error'),
  '/slow': (_, response) => void setTimeout(() => response.end(PAGE), 3_000).unref(),
  '/cut': (_, response) =>
    void response.writeHead(200, { 'content-length': 1000 }).write('half', () => response.destroy()),
  '/address': (request, response) => void response.end(`<title>x</title><p>${request.url ?? ''}`),
  '/packed': (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(PAGE)),
  '/badly-packed': (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(PAGE),
  '/large': (_, response) => void response.end(Buffer.alloc(9_000_000, 'word ')),
};
let port = 0;
let base = '';
const server = http.createServer((request, response) => {
  const answer = pages[new URL(request.url ?? '', base).pathname];
  if (answer) answer(request, response);
  else response.writeHead(404).end('<title>Not found</title>nothing');
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  base = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const options = { way: NETWORK, faults: ['Fatal error:'], secret: null, signal: never };
const look = (path: string, part: Partial<Parameters<typeof probe>[0]> = {}) =>
  probe({ url: base + path, ...options, ...part });

describe('a probe', () => {
  it('sees what a visitor sees', async () => {
    expect(await look('/')).toMatchObject({
      url: `${base}/`,
      finalUrl: `${base}/`,
      status: 200,
      title: 'Hollyhock & Sons',
      words: 3,
      bytes: PAGE.length,
      fault: null,
    });
  });

  it.each([
    ['/moved', { status: 200, title: 'Hollyhock & Sons' }],
    ['/empty', { status: 200, bytes: 0, words: 0, title: '' }],
    ['/broken', { status: 500, fault: null }],
    ['/missing', { status: 404, title: 'Not found' }],
    ['/no-place', { status: 304 }],
    [
      '/fatal',
      {
        status: 200,
        fault: expect.stringMatching(/^Fatal error:\s+Uncaught Error: Call to undefined/) as string,
      },
    ],
    ['/circle', { status: null, fault: 'more than 5 redirects' }],
  ])('of %s', async (path, expected) => {
    expect(await look(path)).toMatchObject(expected);
  });

  it('follows redirects and says where they led', async () => {
    expect(await look('/login')).toMatchObject({
      status: 404,
      finalUrl: `${base}/wp-login.php?redirect_to=x`,
    });
  });

  it('waits no longer than it may', async () => {
    expect(await look('/slow', { timeLimit: 200 })).toMatchObject({
      status: null,
      fault: 'no answer in time',
    });
  });

  it('calls an answer that is cut a fault', async () => {
    expect(await look('/cut')).toMatchObject({ fault: expect.stringMatching(/./) as string });
  });

  it('reads no more than it needs of an endless page', async () => {
    const { bytes } = await look('/large');
    expect(bytes).toBeGreaterThan(4_000_000);
    expect(bytes).toBeLessThan(5_000_000);
  });

  it('tells the secret to the site and to nobody else', async () => {
    expect(await look('/secret', { secret: 'open', faults: ['open'] })).toMatchObject({ fault: 'open' });
    expect(await look('/elsewhere', { secret: 'open', faults: ['no secret'] })).toMatchObject({
      fault: 'no secret',
      finalUrl: `http://localhost:${port}/secret`,
    });
  });

  it('of a server that is not there is a fault, not an error', async () => {
    expect(await probe({ url: `http://127.0.0.1:${await aFreePort()}/`, ...options })).toMatchObject({
      status: null,
      fault: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('of an address that is none is a fault, not an error', async () => {
    expect(await probe({ url: 'http://nowhere.invalid/', ...options })).toMatchObject({
      status: null,
      fault: expect.stringMatching(/nowhere\.invalid/) as string,
    });
  });

  it('that is cancelled throws', async () => {
    await expect(look('/slow', { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  });

  it('asks for what nobody has asked for before, and does not show that', async () => {
    const [one, other] = await Promise.all([look('/address'), look('/address')]);
    expect(one).toMatchObject({ finalUrl: `${base}/address`, status: 200 });
    expect(one.terms).not.toEqual(other.terms);
  });

  it.each([
    ['/?s={word}', false],
    ['/address?s={word}', true],
  ])('of %s looks for a word of chance in the answer', async (path, echo) => {
    expect(await look(path)).toMatchObject({ echo, url: `${base}${path}`, status: 200 });
  });

  it('unpacks what comes packed, and says when that is broken', async () => {
    expect(await look('/packed')).toMatchObject({ status: 200, title: 'Hollyhock & Sons', fault: null });
    expect(await look('/badly-packed')).toMatchObject({
      status: null,
      fault: expect.stringMatching(/./) as string,
    });
  });
});

describe('a cache', () => {
  it.each([
    [{ age: '12' }, 'age: 12'],
    [{ 'cf-cache-status': 'HIT' }, 'cf-cache-status: HIT'],
    [{ 'x-cache': 'Hit from cloudfront' }, 'x-cache: Hit from cloudfront'],
    [{ 'x-cache': 'MISS, HIT' }, 'x-cache: MISS, HIT'],
    [{ 'x-litespeed-cache': 'hit' }, 'x-litespeed-cache: hit'],
    [{ 'x-varnish': '32770 3' }, 'x-varnish: 32770 3'],
    [{ 'x-varnish': '32770' }, null],
    [{ age: '0', 'cf-cache-status': 'DYNAMIC', 'x-cache': 'MISS' }, null],
    [{ 'cache-control': 'max-age=3, stale-while-revalidate=4' }, null],
  ])('says of itself %j', (headers, said) => {
    expect(cachedBy(headers)).toBe(said);
  });
});

describe('the pages to look at', () => {
  it.each([
    ['https://bakery.example', ['/', '/shop'], ['https://bakery.example/', 'https://bakery.example/shop']],
    [
      'https://bakery.example/blog',
      ['/', '/?feed=rss2'],
      ['https://bakery.example/blog/', 'https://bakery.example/blog/?feed=rss2'],
    ],
    ['https://bakery.example/', ['/', '/', 'https://bakery.example/'], ['https://bakery.example/']],
    [
      'https://bakery.example/',
      ['https://elsewhere.example/', '//elsewhere.example/x', '/'],
      ['https://bakery.example/elsewhere.example/x', 'https://bakery.example/'],
    ],
  ])('of %s with %j', (site, paths, urls) => {
    expect(probeUrls(site, paths).filter((url) => !url.includes('//elsewhere'))).toEqual(urls);
  });

  it('are never another site’s', () => {
    expect(
      probeUrls('https://bakery.example/', [
        'https://elsewhere.example/',
        '//elsewhere.example/x',
        '\\\\elsewhere.example',
        'http://bakery.example/',
      ]).filter((url) => new URL(url).origin !== 'https://bakery.example'),
    ).toEqual([]);
  });
});
