import { lines, runOk, sh, type Script } from '../connections/index.ts';
import { stepScript } from '../platforms/index.ts';
import { isAbort, joinRemote } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { ask, type Way } from './judging/fetch-page.ts';
import type { SiteLock } from './site-lock.ts';

/** What the PHP that serves a site said of the code that it keeps compiled (OPcache). */
export interface CompiledCode {
  readonly php: string;
  /** Whether it forgot everything just now, for all its processes, or keeps nothing. */
  readonly forgotten: boolean;
  /** Whether it never looks again at a file that it compiled (`opcache.validate_timestamps=0`). */
  readonly neverLooks: boolean;
}

/** What an answer's `X-Groundskeeper` says; null: nothing of PHP. The header is a site's, so nothing else of it counts. */
export function readCompiledCode(header: string | undefined): CompiledCode | null {
  const said = new Map(
    (header ?? '').split(' ').map((word) => {
      const [key = '', value = ''] = word.split('=');
      return [key, value];
    }),
  );
  const php = said.get('php');
  if (php === undefined || !/^\d+\.\d+[\w.+~-]*$/.test(php)) return null;
  const keeps = said.get('cached') === 'yes';
  return {
    php,
    forgotten: !keeps || (said.get('forgotten') === 'yes' && SHARED.has(said.get('sapi') ?? '')),
    neverLooks: said.get('looks') === 'never',
  };
}

/** Ways of running PHP whose processes share one memory of compiled code. */
const SHARED = new Set(['fpm-fcgi', 'apache2handler', 'cli-server', 'litespeed']);

const TIME_LIMIT = 30_000;

/** How the site is reached for it. */
export interface Listening {
  readonly lock: SiteLock;
  /** SHA-256 of the secret, and the secret that the web server's PHP is asked with. */
  readonly digest: string;
  readonly secret: string;
  /** A page that PHP makes, and where a redirect from it led. */
  readonly url: string;
  /** Whether the maintenance page is up: then PHP listens already. */
  readonly offline: boolean;
  readonly by: <T>(work: (way: Way) => Promise<T>) => Promise<T>;
}

/**
 * The same as a script for the watchdog, which has no app to ask for it: it holds the secret and is nobody else's to read.
 * null: the platform has no way to be told.
 */
export function forgetScript(
  { platform: { recipe }, site: { root } }: Hands,
  { digest, secret, url, php }: Pick<Listening, 'digest' | 'secret' | 'url'> & { readonly php: string },
): Script | null {
  const open = stepScript(recipe, 'listen', { root, digest, now: 0 });
  if (open === null) return null;
  const code = `@file_get_contents(getenv('GK_URL'), false, stream_context_create(array(
  'http' => array('timeout' => 20, 'ignore_errors' => true, 'header' => 'X-Groundskeeper: ' . getenv('GK_SECRET') . "\\r\\nX-Groundskeeper-Forget: forget"),
  'ssl' => array('verify_peer' => false, 'verify_peer_name' => false))));`;
  return lines(
    sh`if [ ! -f ${joinRemote(root, '.maintenance')} ]; then (`,
    open,
    sh`); fi
GK_URL=${url} GK_SECRET=${secret} ${php} -d allow_url_fopen=1 -r ${code}`,
  );
}

/**
 * Has the PHP that serves the site forget the code that it compiled: until then it may run what lay there before, for seconds or for ever.
 * @param how `ask`: only what it keeps is told
 * @returns null: nobody listened; where that is so, time has to pass instead
 */
export async function forgetCompiled(
  hands: Hands,
  listening: Listening,
  how: 'ask' | 'forget',
): Promise<CompiledCode | null> {
  const { recipe } = hands.platform;
  const { root } = hands.site;
  const { lock, digest, offline } = listening;
  const open = stepScript(recipe, 'listen', { root, digest, now: 0 });
  const close = stepScript(recipe, 'online', { root });
  if (open === null || close === null) return null;
  const command = (by: Hands, script: typeof open, attempted: string) =>
    by.on((connection) =>
      runOk(connection, lines(lock.fence, script), { attempted, signal: by.signal, timeLimit: TIME_LIMIT }),
    );
  try {
    if (!offline) await command(hands, open, 'Have PHP listen');
    return await askPhp(hands, listening, how);
  } finally {
    // Also where it was cancelled, or the connection was lost: what was told to listen may have been told all the same.
    if (!offline) await command(hands.patient(), close, 'Have PHP listen no more');
  }
}

async function askPhp(
  { signal: ended }: Hands,
  { secret, url, by }: Listening,
  how: 'ask' | 'forget',
): Promise<CompiledCode | null> {
  try {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(TIME_LIMIT)]);
    const headers = { 'x-groundskeeper': secret, 'x-groundskeeper-forget': how, 'cache-control': 'no-cache' };
    const answer = await by((way) => ask(new URL(url), { way, signal, headers, mostBytes: 0 }));
    const said = answer.headers['x-groundskeeper'];
    return readCompiledCode(Array.isArray(said) ? said[0] : said);
  } catch (error) {
    if (isAbort(error)) ended.throwIfAborted();
    return null;
  }
}
