import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBrowser, installedBrowser } from '../../main/browsers/index.ts';
import { openPlatforms } from '../../main/platforms/index.ts';
import { Site, SiteDraft } from '../../main/sites/index.ts';
import { handsFor } from '../../main/updates/hands.ts';
import { healthOf } from '../../main/updates/health.ts';
import { openPictures } from '../../main/updates/judging/pictures.ts';
import type { Verdict } from '../../main/updates/plan.ts';
import { newRunId, newSiteId, remotePath } from '../../main/words/index.ts';
import {
  aFront,
  aLyingSite,
  anSshHost,
  aTempFolder,
  aWordPressSite,
  certificates,
  type LyingSite,
  type SshHost,
} from '../rig/index.ts';
import { never } from '../main/samples.ts';
import { aPool, scripts, wayTo } from './reach.ts';

const platforms = openPlatforms([path.resolve(import.meta.dirname, '../../resources/platforms')]);
const made = certificates();
const temp = aTempFolder('pictures');
const program = findBrowser(process.env);
const chromium = installedBrowser(program ?? 'chromium', { sandbox: process.getuid?.() !== 0 });
let host: SshHost;
let closed: SshHost;
let pool: ReturnType<typeof aPool>;

beforeAll(async () => {
  [host, closed] = await Promise.all([anSshHost(), anSshHost({}, { noForwarding: true })]);
  pool = aPool([host, closed]);
  tls.setDefaultCACertificates([...tls.getCACertificates(), made.authority]);
});
afterAll(async () => {
  tls.setDefaultCACertificates(tls.getCACertificates('bundled'));
  pool[Symbol.dispose]();
  temp.remove();
  await Promise.all([host.stop(), closed.stop()]);
});

interface Wish {
  readonly url?: string;
  readonly on?: SshHost;
  readonly pages?: readonly string[];
  readonly settings?: Partial<Site['settings']['judging']>;
  readonly pictures?: boolean;
}

/** A site as the app knows it, judged as during a run. */
function judged(shop: Pick<LyingSite, 'root' | 'port'>, platform: 'files' | 'wordpress', wish: Wish = {}) {
  const site = Site.parse({
    ...SiteDraft.parse({
      name: 'The shop',
      url: wish.url ?? `http://127.0.0.1:${shop.port}`,
      platform,
      root: remotePath(shop.root),
      connection: wayTo(wish.on ?? host),
      settings: { probePaths: wish.pages ?? [], judging: { slowerTimes: 5, ...wish.settings } },
    }),
    id: newSiteId(),
    addedAt: 0,
  });
  const { recipe, ...rest } = platforms.get(platform);
  const known = { ...recipe, probe: { ...recipe.probe, faults: ['Fatal error:', ...recipe.probe.faults] } };
  const hands = handsFor(
    {
      platforms: { ...platforms, get: () => ({ ...rest, recipe: known }) },
      reach: (_site, signal, work) => pool.use(wayTo(wish.on ?? host), work, [], signal),
      apart: (_site, signal, work) => pool.use(wayTo(wish.on ?? host), work, [], signal),
      databaseScripts: scripts,
      clock: Date.now,
    },
    site,
    never,
  );
  const pictures = wish.pictures === true ? openPictures(temp.path, chromium) : null;
  const runId = newRunId();
  const health = healthOf({ slowerTimes: () => 5, pictures }, hands, site, { runId });
  return { hands, health, pictures, runId };
}

/** What is thought of a shop that tells the truth at first, and then lies. */
async function verdictOf(truth: string, lie: string, wish: Wish = {}): Promise<Verdict> {
  await using shop = await aLyingSite(wish.on ?? host);
  shop.lie(truth);
  const { hands, health } = judged(shop, 'files', wish);
  const baseline = await health.baseline(hands);
  shop.lie(lie);
  // The shop has to stand until it is judged.
  const verdict = await health.compare(hands, baseline);
  return verdict;
}

const LOGIN = 'echo "<title>Log in</title><form><input type=password name=p></form>"; exit;';
const random = (words: number) =>
  `for ($i = 0; $i < ${words}; $i++) { echo bin2hex(random_bytes(4)), " "; } echo "<input type=hidden value=", uniqid(), "> It is ", date("c");`;

/** Begins to answer, is cut off at so many looks, and answers again. */
const awayAt = (
  looks: number,
) => `$f = __DIR__ . "/lie-looks"; $n = (int) @file_get_contents($f); file_put_contents($f, $n + 1);
  if ($n > 2 && $n < 3 + ${looks}) { header("Content-Length: 99999"); exit("<title>"); }`;

describe.concurrent('a site that lies', () => {
  it.each([
    [
      'its content is gone, and all around it stands',
      '',
      'ob_start(fn ($page) => preg_replace("~<main>.*</main>~s", "<main></main>", $page));',
      /main part of the page is gone/,
    ],
    [
      'another page stands there',
      '',
      'echo "<title>Hollyhock Bakery</title>", str_repeat("This domain is parked free courtesy of a registrar buy related searches now ", 30); exit;',
      /other content stands there/,
    ],
    ['a login form instead of the shop', '', LOGIN, /login form/],
    [
      'it leads to a login page',
      '',
      `if ($path === '/') { header('Location: /login'); exit; } ${LOGIN}`,
      /leads to .*\/login/,
    ],
    ['a white page with status 200', '', 'exit;', /page is empty/],
    [
      'markup without a word',
      '',
      'echo "<!doctype html><html><head><title>Hollyhock Bakery</title></head><body><div></div></body></html>"; exit;',
      /page is blank|content is gone/,
    ],
    [
      'a fatal message in the page',
      '',
      'echo "<b>Fatal error</b>: Uncaught Error: no oven";',
      /says “Fatal error: Uncaught/,
    ],
    [
      'PHP is not run any more',
      '',
      'header("Content-Type: text/plain"); echo "<?php secret();"; exit;',
      /source/,
    ],
    ['its stylesheet is gone', '', '@unlink(__DIR__ . "/style.css");', /missing: \/style.css \(404\)/],
    ['every look takes longer', '', 'usleep(900000);', /takes \d\.\d s; before it took/],
    [
      'a fatal error after the page, in the log only',
      '',
      'error_log("PHP Fatal error:  Uncaught Error: late", 3, dirname(__DIR__) . "/error_log");',
      /PHP log has a new fatal error/,
    ],
    [
      'it named a fault before and is dead now',
      'echo "Fatal error: old";',
      'http_response_code(500); exit;',
      /had a fault before/,
    ],
    [
      'it was away for a moment before, and is dead now',
      awayAt(4),
      'http_response_code(500); exit;',
      /the answer is 500; before it was 200/,
    ],
    [
      'it was away for longer, and is dead now',
      awayAt(6),
      'http_response_code(500); exit;',
      /was well now and then before, and is not any more/,
    ],
  ])('%s: worse', async (_name, truth, lie, reason) => {
    const verdict = await verdictOf(truth, lie);
    expect(verdict.verdict).toBe('worse');
    // On a busy machine the server itself is asked as well, and says the same: so there may be two.
    expect(verdict.reasons).not.toEqual([]);
    for (const said of verdict.reasons) expect(said).toMatch(reason);
  });

  it.each([
    ['nothing changes', '', ''],
    ['content of chance, advertisements, numbers and dates', random(150), random(150)],
    [
      'it is slow now and then, before and after',
      'if (random_int(0, 3) === 0) { usleep(900000); }',
      'if (random_int(0, 3) === 0) { usleep(900000); }',
    ],
    [
      'one look of many is slow',
      '',
      '$f = __DIR__ . "/lie-once"; if ($path === "/" && !is_file($f)) { touch($f); usleep(2500000); }',
    ],
    [
      'it is slow while it warms up',
      '',
      '$f = __DIR__ . "/lie-warm"; if (!is_file($f)) touch($f); if (time() - filemtime($f) < 9) { usleep(2500000); }',
    ],
    ['it was away for a moment before', awayAt(4), ''],
    ['it was dead before', 'http_response_code(500); exit;', 'http_response_code(503); exit;'],
  ])('%s: the same', async (_name, truth, lie) => {
    const verdict = await verdictOf(truth, lie);
    expect(verdict).toMatchObject({ verdict: 'same', reasons: [] });
  });

  it('sick before on one page only: that page is not to blame, another is', async () => {
    const sick = 'if ($path === "/contact") { http_response_code(500); exit; }';
    const pages = ['/contact', '/jobs'];
    expect(await verdictOf(sick, sick, { pages })).toMatchObject({ verdict: 'same' });
    expect(
      await verdictOf(sick, `${sick} if ($path === "/jobs") { http_response_code(500); exit; }`, { pages }),
    ).toMatchObject({ verdict: 'worse', reasons: ['/jobs: the answer is 500; before it was 200.'] });
  });
});

describe.concurrent('a site whose visitors’ way tells nothing', () => {
  it.each([
    ['does not resolve', () => host],
    ['does not resolve, on a server that forwards no ports', () => closed],
  ])('because its name %s is asked on the server itself', async (_name, on) => {
    await using shop = await aLyingSite(on());
    const { hands, health } = judged(shop, 'files', { url: `http://shop.invalid:${shop.port}`, on: on() });
    const baseline = await health.baseline(hands);
    expect(baseline).toMatchObject({
      because: expect.stringMatching(/cannot be reached.*server itself/) as string,
      probes: expect.arrayContaining([expect.objectContaining({ way: 'loopback', status: 200 })]) as unknown,
    });
    shop.lie('http_response_code(500); exit;');
    expect(await health.compare(hands, baseline)).toMatchObject({
      verdict: 'worse',
      reasons: [expect.stringMatching(/asked on the server itself.*500; before it was 200/)],
    });
  });

  it.each(['openly', 'secretly'] as const)(
    'because a cache answers %s is asked on the server itself',
    async (caches) => {
      await using shop = await aLyingSite(host);
      await using front = await aFront(shop.port, { caches });
      await (await fetch(front.url)).text();
      const { hands, health } = judged(shop, 'files', { url: front.url });
      const baseline = await health.baseline(hands);
      shop.lie('http_response_code(500); exit;');
      expect(await health.compare(hands, baseline)).toMatchObject({
        verdict: 'worse',
        reasons: [expect.stringMatching(/asked on the server itself.*500/)],
      });
    },
  );

  it('is well when only the cache is old', async () => {
    await using shop = await aLyingSite(host);
    await using front = await aFront(shop.port, { caches: 'openly' });
    await (await fetch(front.url)).text();
    const { hands, health } = judged(shop, 'files', { url: front.url });
    const baseline = await health.baseline(hands);
    expect(await health.compare(hands, baseline)).toMatchObject({
      verdict: 'same',
      notes: [expect.stringMatching(/comes from a cache/)],
    });
  });
});

describe.concurrent('a certificate', () => {
  it.each([
    ['valid', 'expired', 'worse', /certificate has expired/],
    ['valid', 'selfSigned', 'worse', /certificate is self-signed/],
    ['expired', 'expired', 'same', null],
    ['selfSigned', 'selfSigned', 'same', null],
    ['selfSigned', 'valid', 'same', null],
  ] as const)('%s before and %s after: %s', async (before, after, verdict, reason) => {
    await using shop = await aLyingSite(host);
    await using front = await aFront(shop.port, { certificate: made[before] });
    const { hands, health } = judged(shop, 'files', { url: front.url });
    const baseline = await health.baseline(hands);
    front.show(made[after]);
    const found = await health.compare(hands, baseline);
    expect(found.verdict).toBe(verdict);
    if (reason !== null) expect(found.reasons.join()).toMatch(reason);
  });

  it('that is broken hides nothing else', async () => {
    await using shop = await aLyingSite(host);
    await using front = await aFront(shop.port, { certificate: made.expired });
    const { hands, health } = judged(shop, 'files', { url: front.url });
    const baseline = await health.baseline(hands);
    shop.lie('http_response_code(500); exit;');
    expect(await health.compare(hands, baseline)).toMatchObject({ verdict: 'worse' });
  });
});

describe.concurrent('pictures', () => {
  const BROKEN =
    'ob_start(fn ($page) => preg_replace("~<link[^>]*>~", "<style>li{float:left}</style>", $page));';

  it('show that the layout is broken, and are kept; a banner more is only noted', async () => {
    await using shop = await aLyingSite(host);
    const { hands, health, pictures, runId } = judged(shop, 'files', { pictures: true });
    const baseline = await health.baseline(hands);
    expect(baseline.shots.map((shot) => shot.pictures.length)).toEqual([2]);

    shop.lie(
      'ob_start(fn ($page) => str_replace("<header>", "<p>We are open on Sunday</p><header>", $page));',
    );
    const banner = await health.compare(hands, baseline);
    expect(banner).toMatchObject({ verdict: 'same' });
    expect(banner.pages[0]?.picture?.differs).toBeLessThan(0.2);

    shop.lie(BROKEN);
    const broken = await health.compare(hands, baseline);
    expect(broken).toMatchObject({
      verdict: 'worse',
      reasons: [expect.stringMatching(/^\/: looks different/)],
    });
    const picture = broken.pages[0]?.picture;
    for (const name of [picture?.before, picture?.after, picture?.difference])
      expect((await pictures?.read(runId, name ?? ''))?.subarray(1, 4).toString()).toBe('PNG');
  });
});

describe('a healthy WordPress', () => {
  it('is looked at on all the pages that it names', async () => {
    await using wp = await aWordPressSite({ on: host, database: 'sqlite' });
    const { hands, health } = judged({ root: wp.root, port: 0 }, 'wordpress', { url: wp.url });
    wp.php("update_option('blog_public', 1); update_option('permalink_structure', '');");
    const baseline = await health.baseline(hands);
    const verdict = await health.glance(hands, baseline);
    expect(verdict).toMatchObject({ verdict: 'same', reasons: [], notes: [] });
    expect(verdict.pages.map(({ page, way, before }) => [page, way, before?.status])).toEqual([
      ['/', 'network', 200],
      ['/wp-login.php', 'network', 200],
      ['/?rest_route=/', 'network', 200],
      ['/?feed=rss2', 'network', 200],
      ['/?s={word}', 'network', 200],
      ['/?sitemap=index', 'network', 200],
      [expect.stringMatching(/^\/\?p=\d+$/), 'network', 200],
      ['/', 'loopback', 200],
    ]);
  });
});
