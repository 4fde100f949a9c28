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
      askCore(place, core, answers, force, signal).then((releases) => void cores.set(key, releases), failed),
    ),
    question.plugins.length === 0
      ? null
      : askPlugins(place, question.plugins, answers, force, signal).then(
          (found) => found.forEach((release, file) => plugins.set(file, release)),
          failed,
        ),
    question.themes.length === 0
      ? null
      : askThemes(place, question.themes, answers, force, signal).then(
          (found) => found.forEach((release, slug) => themes.set(slug, release)),
          failed,
        ),
  ]);
  return { cores, plugins, themes, failures };
}

async function askCore(
  place: WordPressOrgPlace,
  core: WordPressQuestion['cores'][number],
  answers: Answers,
  force: boolean,
  signal: AbortSignal,
): Promise<Release[]> {
  const url = new URL('/core/version-check/1.7/', place.api);
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
    CoreAnswer,
    url.href,
    new URLSearchParams({ translations: '[]' }),
    answers,
    force,
    signal,
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
  place: WordPressOrgPlace,
  plugins: WordPressQuestion['plugins'],
  answers: Answers,
  force: boolean,
  signal: AbortSignal,
): Promise<Map<string, Release>> {
  const asked = Object.fromEntries(
    [...plugins]
      .sort((a, b) => (a.file < b.file ? -1 : 1))
      .map((plugin) => [
        plugin.file,
        { Name: plugin.name, Version: plugin.version, UpdateURI: plugin.updateUri ?? '' },
      ]),
  );
  const body = new URLSearchParams({
    plugins: JSON.stringify({ plugins: asked, active: [] }),
    translations: '[]',
    locale: '["en_US"]',
    all: 'true',
  });
  const answer = await askJson(
    PluginsAnswer,
    new URL('/plugins/update-check/1.1/', place.api).href,
    body,
    answers,
    force,
    signal,
    () => 0,
  );
  return new Map(
    Object.entries({ ...answer.no_update, ...answer.plugins }).map(([file, item]) => {
      const slug = item.slug ?? file.split('/')[0] ?? file;
      return [
        file,
        releaseOf(
          item,
          'plugin',
          slug,
          `https://wordpress.org/plugins/${encodeURIComponent(slug)}/#developers`,
        ),
      ] as const;
    }),
  );
}

async function askThemes(
  place: WordPressOrgPlace,
  themes: WordPressQuestion['themes'],
  answers: Answers,
  force: boolean,
  signal: AbortSignal,
): Promise<Map<string, Release>> {
  const asked = Object.fromEntries(
    [...themes]
      .sort((a, b) => (a.slug < b.slug ? -1 : 1))
      .map((theme) => [theme.slug, { Version: theme.version }]),
  );
  const body = new URLSearchParams({
    themes: JSON.stringify({ active: '', themes: asked }),
    translations: '[]',
    locale: '["en_US"]',
  });
  const answer = await askJson(
    ThemesAnswer,
    new URL('/themes/update-check/1.1/', place.api).href,
    body,
    answers,
    force,
    signal,
    () => 0,
  );
  return new Map(
    Object.entries({ ...answer.no_update, ...answer.themes }).map(
      ([slug, item]) =>
        [
          slug,
          releaseOf(item, 'theme', slug, `https://wordpress.org/themes/${encodeURIComponent(slug)}/`),
        ] as const,
    ),
  );
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
  schema: T,
  url: string,
  body: URLSearchParams,
  answers: Answers,
  force: boolean,
  signal: AbortSignal,
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
