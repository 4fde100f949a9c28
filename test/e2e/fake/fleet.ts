import type { SiteSummary } from '../../../main/api/index.ts';
import type { Update } from '../../../main/checks/index.ts';
import { Component, Inventory } from '../../../main/platforms/index.ts';
import { Release } from '../../../main/releases/index.ts';
import { Site } from '../../../main/sites/index.ts';
import type { SiteId } from '../../../main/words/index.ts';
import { PLUGINS, clientName, seeded } from './words.ts';

const HOUR = 3_600_000;
const TAGS = ['care plan', 'shop', 'Hetzner', 'monthly', 'legacy', '日本'] as const;

export type SampleSite = {
  summary: SiteSummary;
  inventory: Inventory | null;
  updates: Update[];
};

/** A believable site: some up to date, some with updates, some in trouble. The first seven show every state. */
export function sampleSite(index: number, now: number): SampleSite {
  const random = seeded(index + 41);
  const { name, domain } = clientName(index);
  const site = Site.parse({
    id: `site_${String(index).padStart(12, '0')}`,
    name,
    url: `https://${index % 3 === 0 ? 'www.' : ''}${domain}`,
    platform: index % 17 === 16 ? 'files' : 'wordpress',
    root: `/var/www/${domain}/htdocs`,
    connection: {
      kind: 'ssh',
      host: `${index % 4 === 0 ? 'web1' : domain.slice(0, 8)}.host.example`,
      user: 'deploy',
      authentication: index % 5 === 3 ? { kind: 'key', file: '~/.ssh/id_ed25519' } : { kind: 'agent' },
    },
    tags: TAGS.filter((_, at) => random() < (at === 0 ? 0.6 : 0.18)),
    addedAt: now - (400 - (index % 300)) * 24 * HOUR,
  });
  const state = stateOf(index, random);
  if (state === 'unchecked')
    return { summary: summary(site, 'unchecked', null, [], now), inventory: null, updates: [] };
  // The third could not be read to its end.
  const gaps =
    index === 2 ? ['The database could not be asked: Access denied for user ‘shop’@‘localhost’.'] : [];
  const read = inventoryOf(site, random, now - Math.floor(random() * 11 * HOUR), state === 'ok');
  const inventory = { ...read, gaps };
  const updates = state === 'ok' ? [] : waitingIn(site.id, inventory);
  const shown = summary(site, state, inventory, updates, now - Math.floor(random() * 11 * HOUR));
  return { summary: shown, inventory, updates };
}

type State = SiteSummary['state'];

function stateOf(index: number, random: () => number): State {
  const fixed: readonly State[] = ['waiting', 'ok', 'waiting', 'failed', 'ok', 'waiting', 'unchecked'];
  const first = fixed[index];
  if (first !== undefined) return first;
  const dice = random();
  return dice < 0.55 ? 'ok' : dice < 0.94 ? 'waiting' : dice < 0.98 ? 'failed' : 'unchecked';
}

function summary(
  site: Site,
  state: State,
  inventory: Inventory | null,
  updates: Update[],
  at: number,
): SiteSummary {
  const core = inventory?.components.find((component) => component.kind === 'core');
  return {
    site,
    state,
    coreVersion: core?.version ?? null,
    php: inventory?.php ?? null,
    waiting: {
      total: updates.length,
      fitting: updates.filter((update) => update.obstacles.length === 0).length,
      security: updates.filter((update) => update.kind === 'security').length,
      major: updates.filter((update) => update.kind === 'major').length,
    },
    checkedAt: state === 'unchecked' ? null : at,
    backedUpAt: state === 'unchecked' ? null : at - (site.id.endsWith('04') ? 9 * 24 : 9) * HOUR,
    overdue: site.id.endsWith('04'),
    provedAt: site.id.endsWith('00') ? at - 50 * HOUR : null,
    problem:
      state === 'failed'
        ? {
            code: 'unreachable',
            message: `${site.connection.kind === 'local' ? 'The server' : site.connection.host} did not answer within 10 seconds.`,
            attempted: 'Connect to deploy@web1.host.example:22',
            answered: 'connect ETIMEDOUT 192.0.2.17:22',
            todo: 'See whether the server is up, and whether a firewall lets this computer in.',
          }
        : null,
    running: null,
  };
}

function inventoryOf(site: Site, random: () => number, readAt: number, fresh: boolean): Inventory {
  const plugins = PLUGINS.filter(() => random() < 0.62);
  const php = random() < 0.2 ? '7.4.33' : '8.3.14';
  const components: Component[] = [
    one({
      kind: 'core',
      slug: 'wordpress',
      name: 'WordPress',
      version: fresh || random() < 0.5 ? '6.7.1' : '6.6.2',
    }),
    ...plugins.map(([slug, name, from, to, author]) =>
      one({
        kind: 'plugin',
        slug,
        name,
        author,
        version: fresh || random() < 0.45 ? to : from,
        active: random() < 0.85 ? 'yes' : 'no',
        file: `${slug}/${slug}.php`,
        path: `wp-content/plugins/${slug}`,
      }),
    ),
    one({ kind: 'must-use', slug: 'host-tuning', name: 'Host tuning', version: '2.1', active: 'yes' }),
    one({
      kind: 'theme',
      slug: 'generatepress',
      name: 'GeneratePress',
      version: fresh ? '3.5.1' : '3.4.0',
      active: 'yes',
    }),
    one({
      kind: 'theme',
      slug: 'generatepress-child',
      name: 'Client theme',
      version: '1.0',
      active: 'yes',
      parent: 'generatepress',
    }),
    one({ kind: 'language', slug: 'nl_NL', name: 'Nederlands', version: '2024-11-12', active: null }),
  ];
  return Inventory.parse({
    platform: site.platform,
    readAt,
    confirmedAt: readAt,
    components,
    php,
    database: { kind: 'mariadb', version: '10.11.6' },
    locale: 'nl_NL',
    gaps: [],
  });
}

function one(parts: Partial<Component> & Pick<Component, 'kind' | 'slug' | 'name' | 'version'>): Component {
  return Component.parse({ active: 'yes', ...parts });
}

function waitingIn(siteId: SiteId, inventory: Inventory): Update[] {
  const updates: Update[] = [];
  const old = inventory.php?.startsWith('7.') ?? false;
  for (const component of inventory.components) {
    const newest = newestOf(component);
    if (newest === null || newest === component.version) continue;
    const security = component.slug === 'wordfence' || component.slug === 'really-simple-ssl';
    const major = component.version.split('.')[0] !== newest.split('.')[0];
    updates.push({
      siteId,
      component,
      kind: security ? 'security' : major ? 'major' : component.slug === 'elementor' ? 'minor' : 'patch',
      obstacles:
        old && component.slug === 'woocommerce' ? ['Needs PHP 8.0 or newer; this site runs PHP 7.4.33.'] : [],
      release: Release.parse({
        source: 'wordpress.org',
        kind: component.kind === 'core' ? 'core' : component.kind === 'theme' ? 'theme' : 'plugin',
        slug: component.slug,
        version: newest,
        packageUrl: `https://downloads.wordpress.org/plugin/${component.slug}.${newest}.zip`,
        requires: { php: old ? '8.0' : '7.4' },
        testedUpTo: '6.7.1',
        changelogUrl: `https://wordpress.org/plugins/${component.slug}/#developers`,
        security,
      }),
    });
  }
  return updates;
}

function newestOf(component: Component): string | null {
  if (component.kind === 'core') return '6.7.1';
  if (component.kind === 'theme') return component.slug === 'generatepress' ? '3.5.1' : null;
  if (component.kind !== 'plugin') return null;
  return PLUGINS.find(([slug]) => slug === component.slug)?.[3] ?? null;
}
