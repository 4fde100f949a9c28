import { randomBytes } from 'node:crypto';
import { joinRemote, Problem, shorten, wordsOf } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { askHttp, type HttpAnswer } from './ask-http.ts';
import { isProblem, makeFile, withFiles } from './over-sftp.ts';
import { refuseInsecure, runnerStays } from './stays.ts';
import { newRunnerName } from './runner-file.ts';

/** How the site's web server runs a file of ours. */
export interface PhpThere {
  /** The address of a file in the root; another name takes the place of the last one. */
  readonly url: URL;
  /** The mode that a file needs so that PHP reads it. */
  readonly mode: number;
  /** Seconds that the server's clock is ahead of ours. */
  readonly ahead: number;
}

const REDIRECTS = 4;

/**
 * Finds out, with a file that does nothing, whether PHP runs what is put into the site's root, and whether that can be removed again. The
 * file is gone afterwards in any case, as far as that can be.
 * @throws Problem `runner-insecure`, `runner-stays`, `php-not-run`
 */
export async function tryPhp(hands: Hands, note: (name: string) => Promise<void>): Promise<PhpThere> {
  const { site, signal } = hands;
  const name = newRunnerName();
  const path = joinRemote(site.root, name);
  const word = randomBytes(12).toString('hex');
  const first = new URL(name, site.url.endsWith('/') ? site.url : `${site.url}/`);
  refuseInsecure(first);
  const text = `<?php header('Content-Type: text/plain'); header('Cache-Control: no-store'); echo strrev('${word}'), ' ', time(), "\\n";\n`;
  await note(name);
  await withFiles(hands, (files) => makeFile(files, path, text, 0o600, signal));
  let found: PhpThere | null = null;
  let answered = '';
  try {
    for (const mode of [0o600, 0o644]) {
      if (mode !== 0o600) await withFiles(hands, (files) => files.setMode(path, mode));
      const { url, answer } = await follow(first, signal);
      const said = answer.body.toString('latin1');
      const ran = new RegExp(`^\\s*${[...word].reverse().join('')} (\\d{1,12})\\n`).exec(said);
      if (ran?.[1] !== undefined) {
        found = { url, mode, ahead: Number(ran[1]) - Math.floor(Date.now() / 1000) };
        break;
      }
      answered = said.includes(word)
        ? 'the web server hands out the file instead of running it'
        : `${url.origin} answered ${answer.status}: ${shorten(said.replace(/<[^>]*>|\s+/g, ' ').trim(), 200)}`;
    }
  } finally {
    await removed(hands.patient(), path);
  }
  if (found === null) throw notRun(first, answered);
  refuseInsecure(found.url);
  // What answers all the same is a cache, which would answer for the runner as well.
  const again = await askHttp(found.url, { body: null, signal, timeLimit: 30_000, mostBytes: 1_000_000 });
  if (again.body.includes([...word].reverse().join('')))
    throw notRun(first, 'a cache in front of the site goes on to answer for a file that was removed');
  return found;
}

async function removed(hands: Hands, path: ReturnType<typeof joinRemote>): Promise<void> {
  await withFiles(hands, async (files) => {
    const because = await files.remove(path).then(
      () => '',
      (error: unknown) => {
        if (isProblem(error, 'connection-lost')) throw error;
        return `: ${wordsOf(error)}`;
      },
    );
    if ((await files.lstat(path)) !== null) throw runnerStays([`${path}${because} (it does nothing)`]);
  });
}

/** Follows redirects within the site: to https, or with and without www. */
async function follow(from: URL, signal: AbortSignal): Promise<{ url: URL; answer: HttpAnswer }> {
  let url = from;
  for (let hop = 0; ; hop += 1) {
    const answer = await askHttp(url, { body: null, signal, timeLimit: 30_000, mostBytes: 1_000_000 }).catch(
      (error: unknown) => {
        signal.throwIfAborted();
        throw notRun(from, wordsOf(error));
      },
    );
    const next = answer.location === null ? null : URL.parse(answer.location, url.href);
    if (answer.status < 300 || answer.status >= 400 || next === null || hop >= REDIRECTS)
      return { url, answer };
    const same = bare(next) === bare(from) && next.pathname === from.pathname;
    if (!same) return { url, answer };
    url = next;
  }
}

function bare({ hostname }: URL): string {
  return hostname.replace(/^www\./, '');
}

function notRun(url: URL, answered: string): Problem {
  return new Problem({
    code: 'php-not-run',
    message:
      'What is put into the site’s root is not run as PHP at its address, so its database cannot be reached. Nothing was changed.',
    attempted: `Ask for a file of ours at ${url.origin}`,
    answered,
    todo: 'Check the site’s address and root, and that nothing (a password, a firewall, a cache) stands before it.',
  });
}
