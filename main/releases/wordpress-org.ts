import { z } from 'zod';
import { Problem } from '../words/index.ts';
import { freshnessOf, type Answers } from './answers.ts';
import { ask, sourceFailed } from './http.ts';
import { Release } from './release.ts';

/** Where wordpress.org is; both can be pointed to a mirror. */
export interface WordPressOrgPlace {
  readonly api: string;
  readonly downloads: string;
}

/** What is asked about, for the whole fleet at once. */
export interface WordPressQuestion {
  readonly cores: readonly {
    readonly version: string;
    readonly locale: string;
    readonly php: string;
    readonly database: string | null;
    readonly multisite: boolean;
  }[];
  readonly plugins: readonly {
    readonly file: string;
    readonly name: string;
    readonly version: string;
    readonly updateUri: string | null;
  }[];
  readonly themes: readonly { readonly slug: string; readonly version: string }[];
}

/** The newest releases, by what they are for. `failures`: what could not be asked, and why. */
export interface WordPressAnswer {
  /** Offers by the installed core's context, see {@link coreContext}. */
  readonly cores: ReadonlyMap<string, readonly Release[]>;
  readonly plugins: ReadonlyMap<string, Release>;
  readonly themes: ReadonlyMap<string, Release>;
  readonly failures: readonly Problem[];
}

export function coreContext(core: WordPressQuestion['cores'][number]): string {
  return JSON.stringify([core.version, core.locale, core.php, core.database, core.multisite]);
}

const Maybe = z
  .union([z.string(), z.literal(false), z.null()])
  .optional()
  .transform((text) => (typeof text === 'string' && text !== '' ? text : null));

const CoreAnswer = z.object({
  offers: z.array(
    z.object({
      response: z.string(),
      version: z.string(),
      download: Maybe,
      packages: z.object({ full: Maybe, no_content: Maybe }).partial(),
      php_version: Maybe,
      mysql_version: Maybe,
    }),
  ),
  ttl: z.number().optional(),
});

const Item = z.object({
  new_version: z.string(),
  slug: z.string().optional(),
  package: Maybe,
  tested: Maybe,
  requires: Maybe,
  requires_php: Maybe,
  url: Maybe,
});
/** PHP prints an empty map as `[]`. */
const Items = z.union([
  z.record(z.string(), Item),
  z.array(z.never()).transform((): Record<string, z.infer<typeof Item>> => ({})),
]);
const PluginsAnswer = z.object({ plugins: Items, no_update: Items.optional() });
const ThemesAnswer = z.object({ themes: Items, no_update: Items.optional() });

const TIME_LIMIT = 30_000;

/**
 * Asks wordpress.org's three update APIs: plugins and themes once for the union of the whole fleet, core
 * once per distinct context. Shapes: wp-includes/update.php of WordPress; see field notes.
 *
 * Each component is asked about with the lowest version of it in the fleet, so that one answer serves all.
 */
export async function askWordPressOrg(
  place: WordPressOrgPlace,
  question: WordPressQuestion,
  answers: Answers,
  force: boolean,
  signal: AbortSignal,
): Promise<WordPressAnswer> {
  const asking: Asking = { place, answers, force, signal };
  const failures: Problem[] = [];
  const failed = (error: unknown) => {
    if (!(error instanceof Problem) || error.code === 'cancelled') throw error;
    failures.push(error);
  };
  const cores = new Map<string, readonly Release[]>();
  const contexts = new Map(question.cores.map((core) => [coreContext(core), core]));
  const plugins = new Map<string, Release>();
  const themes = new Map<string, Release>();
  await Promise.all([
    ...[...contexts].map(([key, core]) =>
      askCore(asking, core).then((releases) => void cores.set(key, releases), failed),
    ),
    question.plugins.length === 0
      ? null
      : askPlugins(asking, question.plugins).then(
          (found) => found.forEach((release, file) => plugins.set(file, release)),
          failed,
        ),
    question.themes.length === 0
      ? null
      : askThemes(asking, question.themes).then(
          (found) => found.forEach((release, slug) => themes.set(slug, release)),
          failed,
        ),
  ]);
  return { cores, plugins, themes, failures };
}

interface Asking {
  readonly place: WordPressOrgPlace;
  readonly answers: Answers;
  readonly force: boolean;
  readonly signal: AbortSignal;
}

async function askCore(asking: Asking, core: WordPressQuestion['cores'][number]): Promise<Release[]> {
  const url = new URL('/core/version-check/1.7/', asking.place.api);
  url.search = new URLSearchParams({
    version: core.version,
    php: core.php,
    locale: core.locale,
    mysql: core.database ?? '',
    local_package: '',
    blogs: '1',
    users: '1',
    multisite_enabled: core.multisite ? '1' : '0',
    initial_db_version: '0',
  }).toString();
  const answer = await askJson(
    asking,
    CoreAnswer,
    url.href,
    new URLSearchParams({ translations: '[]' }),
    (parsed) => (parsed.ttl ?? 0) * 1000,
  );
  return answer.offers
    .filter((offer) => offer.response === 'upgrade' || offer.response === 'autoupdate')
    .map((offer) =>
      Release.parse({
        source: 'wordpress.org',
        kind: 'core',
        slug: 'wordpress',
        version: offer.version,
        packageUrl: offer.packages.full ?? offer.download,
        requires: { core: null, php: offer.php_version, database: offer.mysql_version },
        changelogUrl: `https://wordpress.org/documentation/wordpress-version/version-${offer.version.replaceAll('.', '-')}/`,
      }),
    );
}

async function askPlugins(
  asking: Asking,
  plugins: WordPressQuestion['plugins'],
): Promise<Map<string, Release>> {
  const asked = Object.fromEntries(
    [...plugins]
      .sort((a, b) => (a.file < b.file ? -1 : 1))
      .map((plugin) => [
        plugin.file,
        { Name: plugin.name, Version: plugin.version, UpdateURI: plugin.updateUri ?? '' },
      ]),
  );
  const answer = await askForAll(asking, PluginsAnswer, '/plugins/update-check/1.1/', {
    plugins: JSON.stringify({ plugins: asked, active: [] }),
    all: 'true',
  });
  return releasesOf({ ...answer.no_update, ...answer.plugins }, (file, item) => {
    const slug = item.slug ?? file.split('/')[0] ?? file;
    const page = `https://wordpress.org/plugins/${encodeURIComponent(slug)}/#developers`;
    return releaseOf(item, 'plugin', slug, page);
  });
}

async function askThemes(asking: Asking, themes: WordPressQuestion['themes']): Promise<Map<string, Release>> {
  const asked = Object.fromEntries(
    [...themes]
      .sort((a, b) => (a.slug < b.slug ? -1 : 1))
      .map((theme) => [theme.slug, { Version: theme.version }]),
  );
  const answer = await askForAll(asking, ThemesAnswer, '/themes/update-check/1.1/', {
    themes: JSON.stringify({ active: '', themes: asked }),
  });
  return releasesOf({ ...answer.no_update, ...answer.themes }, (slug, item) =>
    releaseOf(item, 'theme', slug, `https://wordpress.org/themes/${encodeURIComponent(slug)}/`),
  );
}

/** One question for the components of all sites at once. */
async function askForAll<T extends z.ZodType>(
  asking: Asking,
  schema: T,
  path: string,
  asked: Readonly<Record<string, string>>,
): Promise<z.infer<T>> {
  const body = new URLSearchParams({ ...asked, translations: '[]', locale: '["en_US"]' });
  return askJson(asking, schema, new URL(path, asking.place.api).href, body, () => 0);
}

function releasesOf(
  items: Readonly<Record<string, z.infer<typeof Item>>>,
  release: (key: string, item: z.infer<typeof Item>) => Release,
): Map<string, Release> {
  return new Map(Object.entries(items).map(([key, item]) => [key, release(key, item)]));
}

function releaseOf(
  item: z.infer<typeof Item>,
  kind: 'plugin' | 'theme',
  slug: string,
  changelogUrl: string,
): Release {
  return Release.parse({
    source: 'wordpress.org',
    kind,
    slug,
    version: item.new_version,
    packageUrl: item.package,
    requires: { core: item.requires, php: item.requires_php, database: null },
    testedUpTo: item.tested,
    changelogUrl,
  });
}

async function askJson<T extends z.ZodType>(
  { answers, force, signal }: Asking,
  schema: T,
  url: string,
  body: URLSearchParams,
  freshOf: (answer: z.infer<T>) => number,
): Promise<z.infer<T>> {
  const parse = (text: string): z.infer<T> => {
    let raw: unknown;
    try {
      raw = JSON.parse(text);
    } catch (error) {
      throw sourceFailed(url, 'source-unreadable', text.trim() === '' ? 'an empty answer' : text, error);
    }
    const parsed = schema.safeParse(raw);
    if (!parsed.success)
      throw sourceFailed(url, 'source-unreadable', `${z.prettifyError(parsed.error)}\n${text}`);
    return parsed.data;
  };
  const text = await answers.get(`${url}\n${body.toString()}`, force, async () => {
    const answered = await ask(url, { method: 'POST', body }, TIME_LIMIT, signal);
    if (answered.status !== 200)
      throw sourceFailed(url, 'source-error', `HTTP ${answered.status}: ${answered.text}`);
    // Only what can be read is kept, so that one bad answer is not believed for hours.
    const parsed = parse(answered.text);
    return { answer: answered.text, freshMillis: Math.max(freshOf(parsed), freshnessOf(answered.headers)) };
  });
  return parse(text);
}
