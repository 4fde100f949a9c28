import type { Component } from './component.ts';
import type { WordPressTree } from './wordpress-trees.ts';

/** What the stand-in has to offer. */
export interface Offers {
  base: string;
  readonly cores: WordPressTree[];
  readonly components: Component[];
}

interface InstalledPlugin {
  readonly Version?: string;
}

/** The answer of /core/version-check/1.7/ to a site of this version. */
export function coreAnswer(query: URLSearchParams, offers: Offers): unknown {
  const version = query.get('version') ?? '';
  const locale = query.get('locale') ?? 'en_US';
  const newestFirst = [...offers.cores].sort((a, b) => order(b.version, a.version));
  const [latest] = newestFirst;
  if (latest === undefined) return { offers: [], translations: [], ttl: 3600 };
  const waits = order(latest.version, version) > 0;
  // Every newer branch is offered too, for sites that update by themselves within their branch.
  const others = waits ? newestFirst.filter((core) => order(core.version, version) > 0) : [];
  return {
    offers: [
      coreOffer(latest, waits ? 'upgrade' : 'latest', locale, offers.base),
      ...others.map((core) => ({
        ...coreOffer(core, 'autoupdate', locale, offers.base),
        new_files: true,
      })),
    ],
    translations: [],
    ttl: 3600,
  };
}

/** The answer of /plugins/update-check/1.1/. Empty lists are `[]`, as PHP writes an empty array. */
export function pluginAnswer(form: URLSearchParams, offers: Offers): unknown {
  const installed = parse<{ plugins?: Record<string, InstalledPlugin> }>(form.get('plugins'))?.plugins ?? {};
  const waiting: Record<string, unknown> = {};
  const current: Record<string, unknown> = {};
  for (const [entry, { Version = '0' }] of Object.entries(installed)) {
    const newest = newestOf(offers, 'plugin', entry);
    if (newest === undefined) continue;
    (order(newest.version, Version) > 0 ? waiting : current)[entry] = pluginItem(newest, offers.base);
  }
  const all = form.get('all') === 'true' || form.get('all') === '"true"';
  return { plugins: orEmpty(waiting), translations: [], no_update: all ? orEmpty(current) : [] };
}

/** The answer of /themes/update-check/1.1/. */
export function themeAnswer(form: URLSearchParams, offers: Offers): unknown {
  const installed = parse<{ themes?: Record<string, InstalledPlugin> }>(form.get('themes'))?.themes ?? {};
  const waiting: Record<string, unknown> = {};
  const current: Record<string, unknown> = {};
  for (const [slug, { Version = '0' }] of Object.entries(installed)) {
    const newest = newestOf(offers, 'theme', slug);
    if (newest === undefined) continue;
    (order(newest.version, Version) > 0 ? waiting : current)[slug] = {
      theme: slug,
      new_version: newest.version,
      url: `${offers.base}/themes/${slug}/`,
      package: `${offers.base}/theme/${slug}.${newest.version}.zip`,
      requires: newest.requires || false,
      requires_php: newest.requiresPhp || false,
    };
  }
  return { themes: orEmpty(waiting), no_update: orEmpty(current), translations: [] };
}

/** The answer of /plugins/info/1.2/?action=plugin_information; null when there is no such plugin. */
export function informationOf(slug: string, offers: Offers): unknown {
  const all = offers.components.filter((one) => one.kind === 'plugin' && one.slug === slug);
  const [newest] = [...all].sort((a, b) => order(b.version, a.version));
  if (newest === undefined) return null;
  const link = (one: Component): string => `${offers.base}/plugin/${slug}.${one.version}.zip`;
  return {
    name: newest.name,
    slug,
    version: newest.version,
    author: '<a href="https://example.test/">The rig</a>',
    requires: newest.requires || false,
    tested: newest.tested,
    requires_php: newest.requiresPhp || false,
    last_updated: '2026-11-01 9:00am GMT',
    homepage: '',
    sections: {
      description: `<p>${newest.name} for small businesses.</p>`,
      changelog: all.map((one) => `<h4>${one.version}</h4><ul><li>${one.changes}</li></ul>`).join('\n'),
    },
    download_link: link(newest),
    versions: Object.fromEntries(all.map((one) => [one.version, link(one)])),
  };
}

function coreOffer(
  core: WordPressTree,
  response: string,
  locale: string,
  base: string,
): Record<string, unknown> {
  const full = `${base}/release/wordpress-${core.version}.zip`;
  return {
    response,
    download: full,
    locale,
    packages: {
      full,
      no_content: `${base}/release/wordpress-${core.version}-no-content.zip`,
      new_bundled: false,
      partial: false,
      rollback: false,
    },
    current: core.version,
    version: core.version,
    php_version: '7.0.0',
    mysql_version: '5.5.5',
    new_bundled: '6.4',
    partial_version: false,
  };
}

function pluginItem(plugin: Component, base: string): Record<string, unknown> {
  return {
    id: `w.org/plugins/${plugin.slug}`,
    slug: plugin.slug,
    plugin: plugin.entry,
    new_version: plugin.version,
    url: `${base}/plugins/${plugin.slug}/`,
    package: `${base}/plugin/${plugin.slug}.${plugin.version}.zip`,
    icons: [],
    banners: [],
    banners_rtl: [],
    requires: plugin.requires,
    tested: plugin.tested,
    requires_php: plugin.requiresPhp,
    requires_plugins: [],
  };
}

function newestOf(offers: Offers, kind: Component['kind'], entry: string): Component | undefined {
  return offers.components
    .filter((one) => one.kind === kind && one.entry === entry)
    .sort((a, b) => order(b.version, a.version))[0];
}

/** Good enough for the plain numbers that the rig publishes. */
function order(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

function orEmpty(items: Record<string, unknown>): unknown {
  return Object.keys(items).length === 0 ? [] : items;
}

function parse<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T);
}
