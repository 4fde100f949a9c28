import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asProblem, Problem, Sha256, wordsOf, type OnProgress } from '../words/index.ts';
import { openPackage, type Package } from './archive.ts';
import { bytesOf, sourceFailed, USER_AGENT } from './http.ts';
import type { Release } from './release.ts';

/** Packages, fetched once for the whole fleet into a cache keyed by SHA-256. */
export interface Packages {
  /** @throws Problem when it cannot be fetched, does not match its checksum, or breaks the archive rules. */
  open(
    release: Release,
    signal: AbortSignal,
    progress: OnProgress,
  ): Promise<{ sha256: Sha256; package: Package }>;
}

const TIME_LIMIT = 10 * 60_000;
const MAX_BYTES = 512 * 1024 * 1024;

export function openPackages(folder: string): Packages {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fetching = new Map<string, Promise<Sha256>>();
  return {
    async open(release, signal, progress) {
      const url = release.packageUrl;
      if (url === null) {
        throw new Problem({
          code: 'no-package',
          message: `${release.slug} ${release.version} is announced, but there is no package to download.`,
          attempted: `Fetch ${release.slug} ${release.version}`,
          todo: 'It may need a licence; update it in the site’s own admin.',
        });
      }
      refuseInsecure(url);
      let under = fetching.get(url);
      if (!under) {
        under = fetchPackage(folder, url, release, signal, progress).finally(() => fetching.delete(url));
        fetching.set(url, under);
      }
      const sha256 = await under;
      try {
        return { sha256, package: await openPackage(join(folder, `${sha256}.zip`)) };
      } catch (error) {
        // What cannot be opened is not kept, so that the next try fetches it anew.
        await forget(folder, url, sha256);
        throw asProblem(error);
      }
    },
  };
}

async function fetchPackage(
  folder: string,
  url: string,
  release: Release,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<Sha256> {
  const known = await cached(folder, url);
  if (known !== null && (release.sha256 === null || release.sha256 === known)) return known;
  const temporary = join(folder, `fetch-${randomBytes(6).toString('hex')}.part`);
  const limit = AbortSignal.timeout(TIME_LIMIT);
  const hash = createHash('sha256');
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': USER_AGENT },
      signal: AbortSignal.any([signal, limit]),
    });
    if (response.status !== 200 || response.body === null)
      throw sourceFailed(url, 'source-error', `HTTP ${response.status}`);
    refuseInsecure(response.url || url);
    const announced = Number(response.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(announced) && !response.headers.has('content-encoding') ? announced : null;
    const file = await open(temporary, 'wx', 0o600);
    let done = 0;
    try {
      for await (const chunk of bytesOf(response)) {
        done += chunk.byteLength;
        if (done > MAX_BYTES)
          throw new Problem({
            code: 'package-hostile',
            message: `The package is larger than ${MAX_BYTES} bytes.`,
          });
        hash.update(chunk);
        await file.write(chunk);
        progress({ what: `Download ${release.slug} ${release.version}`, done, total, unit: 'bytes' });
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (total !== null && done !== total) throw truncated(url, done, total);
    const sha256 = Sha256.parse(hash.digest('hex'));
    if (release.sha256 !== null && release.sha256 !== sha256) throw mismatch(release, sha256);
    await rename(temporary, join(folder, `${sha256}.zip`));
    await writeFile(nameOf(folder, url), sha256);
    return sha256;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Problem) throw error;
    if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))
      throw diskFull(folder, error);
    throw sourceFailed(
      url,
      limit.aborted ? 'source-slow' : 'source-unreachable',
      limit.aborted
        ? 'the download took too long'
        : wordsOf(error instanceof Error && error.cause !== undefined ? error.cause : error),
      error,
    );
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Which package a URL led to last time, if that is still in the cache. */
async function cached(folder: string, url: string): Promise<Sha256 | null> {
  try {
    const sha256 = Sha256.parse(await readFile(nameOf(folder, url), 'utf8'));
    const file = join(folder, `${sha256}.zip`);
    const found = await stat(file);
    if (found.size === 0) return null;
    const now = new Date();
    await utimes(file, now, now);
    const actual = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return actual === sha256 ? sha256 : null;
  } catch {
    return null;
  }
}

async function forget(folder: string, url: string, sha256: Sha256): Promise<void> {
  await rm(nameOf(folder, url), { force: true });
  await rm(join(folder, `${sha256}.zip`), { force: true });
}

function nameOf(folder: string, url: string): string {
  return join(folder, `${createHash('sha256').update(url).digest('hex')}.url`);
}

/** Plain HTTP only to this computer. */
function refuseInsecure(url: string): void {
  const { protocol, hostname } = new URL(url);
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\./.test(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && loopback)) return;
  throw new Problem({
    code: 'package-insecure',
    message: 'The package is offered without encryption and was not fetched.',
    attempted: `Fetch ${url}`,
    todo: 'Use a source that offers HTTPS.',
  });
}

function truncated(url: string, done: number, total: number): Problem {
  return new Problem({
    code: 'package-truncated',
    message: 'The download ended early.',
    attempted: `Fetch ${url}`,
    answered: `${done} of ${total} bytes`,
    todo: 'Try again; check your network if it happens again.',
  });
}

function mismatch(release: Release, sha256: string): Problem {
  return new Problem({
    code: 'package-mismatch',
    message: `The package of ${release.slug} ${release.version} is not the one that was announced.`,
    attempted: 'Compare its SHA-256',
    answered: `announced ${release.sha256 ?? ''}, got ${sha256}`,
    todo: 'Do not install it by hand either; tell its author or the source.',
  });
}

function diskFull(folder: string, error: Error): Problem {
  return new Problem(
    {
      code: 'disk-full',
      message: 'The disk of this computer is full.',
      attempted: `Write to ${folder}`,
      answered: error.message,
      todo: 'Free some space, then try again. Nothing on the site was changed.',
    },
    error,
  );
}
