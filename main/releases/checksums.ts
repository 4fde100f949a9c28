import { z } from 'zod';
import { freshnessOf, type Answers } from './answers.ts';
import { ask, sourceFailed } from './http.ts';
import type { WordPressOrgPlace } from './wordpress-org.ts';

/** The hashes that are right for a file; a file may have several. */
export interface FileHashes {
  readonly md5: readonly string[];
  readonly sha256: readonly string[];
}

/** Hashes by path within the component. */
export type Checksums = ReadonlyMap<string, FileHashes>;

const Hash = z
  .union([z.string(), z.array(z.string())])
  .transform((hash) => (typeof hash === 'string' ? [hash] : hash));
const CoreAnswer = z.object({ checksums: z.union([z.record(z.string(), Hash), z.literal(false)]) });
const PluginAnswer = z.object({
  files: z.record(z.string(), z.object({ md5: Hash.optional(), sha256: Hash.optional() })),
});

const DAY = 86_400_000;
const UNKNOWN = '{"unknown":true}';

/** The files of a core release as wordpress.org knows them; null: it does not know that release. */
export async function coreChecksums(
  place: WordPressOrgPlace,
  version: string,
  locale: string,
  answers: Answers,
  signal: AbortSignal,
): Promise<Checksums | null> {
  const url = new URL('/core/checksums/1.0/', place.api);
  url.search = new URLSearchParams({ version, locale }).toString();
  const answer = await askFor(CoreAnswer, url.href, answers, signal);
  if (answer === null || answer.checksums === false) return null;
  return new Map(Object.entries(answer.checksums).map(([path, md5]) => [path, { md5, sha256: [] }]));
}

/** The files of a plugin release; null: unpublished or premium, which is no sign of anything. */
export async function pluginChecksums(
  place: WordPressOrgPlace,
  slug: string,
  version: string,
  answers: Answers,
  signal: AbortSignal,
): Promise<Checksums | null> {
  const url = new URL(
    `/plugin-checksums/${encodeURIComponent(slug)}/${encodeURIComponent(version)}.json`,
    place.downloads,
  );
  const answer = await askFor(PluginAnswer, url.href, answers, signal);
  if (answer === null) return null;
  return new Map(
    Object.entries(answer.files).map(([path, { md5, sha256 }]) => [
      path,
      { md5: md5 ?? [], sha256: sha256 ?? [] },
    ]),
  );
}

async function askFor<T extends z.ZodType>(
  schema: T,
  url: string,
  answers: Answers,
  signal: AbortSignal,
): Promise<z.infer<T> | null> {
  const text = await answers.get(url, false, async () => {
    const answered = await ask(url, {}, 30_000, signal);
    if (answered.status === 404) return { answer: UNKNOWN, freshMillis: DAY };
    if (answered.status !== 200)
      throw sourceFailed(url, 'source-error', `HTTP ${answered.status}: ${answered.text}`);
    parse(schema, url, answered.text);
    return { answer: answered.text, freshMillis: Math.max(DAY, freshnessOf(answered.headers)) };
  });
  return text === UNKNOWN ? null : parse(schema, url, text);
}

function parse<T extends z.ZodType>(schema: T, url: string, text: string): z.infer<T> {
  try {
    const raw: unknown = JSON.parse(text);
    return schema.parse(raw);
  } catch (error) {
    throw sourceFailed(url, 'source-unreadable', text, error);
  }
}
