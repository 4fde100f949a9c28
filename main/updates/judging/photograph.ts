import dns from 'node:dns';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Problem } from '../../words/index.ts';
import { ask, type Way } from './fetch-page.ts';
import type { DevTools } from './pictures.ts';

const WIDTH = 1280;
const SHORTEST = 800;
const TALLEST = 2400;
/** Milliseconds until a page counts as shown, whatever is still missing of it. */
const LOADS = 20_000;
/** Milliseconds after it was loaded until the picture is taken: what its scripts put up at once is there. */
const SETTLES = 400;
const MOST_BYTES = 16 * 1024 * 1024;

const Paused = z.object({
  requestId: z.string(),
  resourceType: z.string(),
  request: z.object({ url: z.string(), method: z.string() }),
});
const Captured = z.object({ data: z.base64() });
const Measured = z.object({ result: z.object({ value: z.number() }) });

/** Nothing moves and nothing blinks, so that two pictures of one page are alike. */
const STILL = `(async () => {
  const style = document.createElement('style');
  style.textContent = '*,*::before,*::after{animation:none!important;transition:none!important;caret-color:transparent!important;scroll-behavior:auto!important}';
  document.documentElement.append(style);
  for (const video of document.querySelectorAll('video,audio')) video.pause?.();
  await Promise.race([document.fonts.ready, new Promise((done) => setTimeout(done, 3000))]);
  return Math.max(document.documentElement.scrollHeight, document.body?.scrollHeight ?? 0);
})()`;

/**
 * A picture of a page (PNG). The browser has no network: the site's own files are fetched by us, the way the page is looked at,
 * and of others only what a page looks like by, from public addresses.
 * @throws Problem `no-picture`; what the browser says
 */
export async function photograph(
  browser: DevTools,
  options: { url: string; way: Way; secret: string; signal: AbortSignal },
): Promise<Buffer> {
  const limit = AbortSignal.any([options.signal, AbortSignal.timeout(2 * LOADS)]);
  const page = new URL(options.url);
  page.searchParams.set('groundskeeper', Date.now().toString(36));
  const loaded = Promise.withResolvers<undefined>();
  browser.on('Page.loadEventFired', () => loaded.resolve(undefined));
  browser.on('Fetch.requestPaused', (paused) => {
    const parsed = Paused.safeParse(paused);
    if (parsed.success) void answer(browser, parsed.data, { ...options, page, signal: limit });
  });
  await browser.send('Emulation.setDeviceMetricsOverride', {
    ...{ width: WIDTH, height: SHORTEST, deviceScaleFactor: 1, mobile: false },
  });
  await browser.send('Emulation.setEmulatedMedia', {
    features: [
      { name: 'prefers-reduced-motion', value: 'reduce' },
      { name: 'prefers-color-scheme', value: 'light' },
    ],
  });
  await browser.send('Page.enable');
  await browser.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
  await browser.send('Page.navigate', { url: page.href });
  await Promise.race([loaded.promise, wait(LOADS, undefined, { signal: limit, ref: false })]);
  await wait(SETTLES, undefined, { signal: limit });
  const measured = await browser.send('Runtime.evaluate', {
    expression: STILL,
    awaitPromise: true,
    returnByValue: true,
  });
  const tall = Measured.safeParse(measured);
  const height = Math.min(TALLEST, Math.max(SHORTEST, tall.success ? tall.data.result.value : SHORTEST));
  const captured = Captured.safeParse(
    await browser.send('Page.captureScreenshot', {
      format: 'png',
      captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: WIDTH, height, scale: 1 },
    }),
  );
  if (!captured.success) throw new Problem({ code: 'no-picture', message: 'The browser gave no picture.' });
  return Buffer.from(captured.data.data, 'base64');
}

/** What a page of another host may bring in: it changes how the page looks and does nothing. */
const LOOKS = new Set(['Stylesheet', 'Font', 'Image']);

async function answer(
  browser: DevTools,
  { requestId, resourceType, request }: z.infer<typeof Paused>,
  { page, way, secret, signal }: { page: URL; way: Way; secret: string; signal: AbortSignal },
): Promise<void> {
  try {
    const url = new URL(request.url);
    const own = url.hostname === page.hostname;
    const allowed =
      request.method === 'GET' && /^https?:$/.test(url.protocol) && (own || LOOKS.has(resourceType));
    if (!allowed) throw new Problem({ code: 'refused', message: 'Not needed for a picture.' });
    const answered = await ask(url, {
      way: own ? way : PUBLIC,
      signal,
      mostBytes: MOST_BYTES,
      headers: {
        'user-agent': 'Mozilla/5.0 (compatible; Groundskeeper/0.1; picture)',
        'cache-control': 'no-cache',
        // The secret goes only to the site it was made for.
        ...(url.origin === page.origin ? { 'x-groundskeeper': secret } : {}),
      },
    });
    await browser.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: answered.status,
      responseHeaders: Object.entries(answered.headers).flatMap(([name, value]) =>
        UNPACKED.has(name) || value === undefined ? [] : [value].flat().map((one) => ({ name, value: one })),
      ),
      body: answered.body.toString('base64'),
    });
  } catch {
    // The page is there without it, as it is where an advertisement is blocked.
    await browser.send('Fetch.failRequest', { requestId, errorReason: 'BlockedByClient' }).catch(() => {});
  }
}

/** Told of the body as it travelled. */
const UNPACKED = new Set(['content-encoding', 'content-length', 'transfer-encoding', 'connection']);

const PRIVATE = new net.BlockList();
for (const [address, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(address, bits, 'ipv6');

/** Other hosts, but for the user's own network: a page must not look around there. */
const PUBLIC: Way = {
  kind: 'network',
  async open(url, signal) {
    const { address, family } = await dns.promises.lookup(url.hostname.replace(/^\[|\]$/g, ''));
    if (PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4'))
      throw new Problem({ code: 'refused', message: `${url.hostname} is in a private network.` });
    const stream = net.connect({
      host: address,
      port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
      signal,
    });
    await new Promise<void>((resolve, reject) => {
      stream.once('connect', resolve);
      stream.once('error', reject);
    });
    return { stream, plain: false };
  },
};
