import type { Inventory, Component } from '../../main/platforms/index.ts';
import type { Release } from '../../main/releases/index.ts';
import { SiteDraft } from '../../main/sites/index.ts';
import { remotePath, type Clock } from '../../main/words/index.ts';

/** A JSON file that is only in memory, and copies what it is given as a real one does. */
export function aJsonFile(content: Record<string, unknown> = {}) {
  const values = new Map(Object.entries(content));
  return {
    get: (key: string): unknown => values.get(key),
    set: (key: string, value: unknown) => void values.set(key, JSON.parse(JSON.stringify(value))),
    delete: (key: string) => void values.delete(key),
  };
}

/** A clock that stands still until it is moved. */
export function aClock(start = 1_750_000_000_000): Clock & { forward(millis: number): void } {
  let now = start;
  return Object.assign(() => now, {
    forward(millis: number) {
      now += millis;
    },
  });
}

/** A site as a user would give it. */
export function aDraft(part: Partial<SiteDraft> = {}): SiteDraft {
  return SiteDraft.parse({
    name: 'Hollyhock Bakery',
    url: 'https://bakery.example/',
    platform: 'wordpress',
    root: '/srv/www/bakery',
    connection: {
      kind: 'ssh',
      host: 'bakery.example',
      port: 22,
      user: 'deploy',
      authentication: { kind: 'agent' },
    },
    ...part,
  });
}

export function aComponent(part: Partial<Component> = {}): Component {
  return {
    kind: 'plugin',
    slug: 'akismet',
    name: 'Akismet',
    version: '5.3',
    active: 'yes',
    file: 'akismet/akismet.php',
    path: 'wp-content/plugins/akismet',
    parent: null,
    updateUri: null,
    author: '',
    homepage: null,
    requires: { core: null, php: null, database: null },
    needs: [],
    ...part,
  };
}

export const core = (version: string): Component =>
  aComponent({ kind: 'core', slug: 'wordpress', name: 'WordPress', version, file: null, path: '' });

export function anInventory(part: Partial<Inventory> = {}): Inventory {
  return {
    platform: 'wordpress',
    readAt: 0,
    confirmedAt: 0,
    components: [core('6.4.3'), aComponent()],
    php: '8.2.10',
    database: { kind: 'mariadb', version: '10.11.4-MariaDB' },
    multisite: false,
    locale: 'en_US',
    gaps: [],
    fingerprint: '',
    ...part,
  };
}

export function aRelease(part: Partial<Release> = {}): Release {
  return {
    source: 'wordpress.org',
    kind: 'plugin',
    slug: 'akismet',
    version: '5.3.1',
    packageUrl: 'https://downloads.example/akismet.5.3.1.zip',
    sha256: null,
    requires: { core: null, php: null, database: null },
    testedUpTo: null,
    changelogUrl: null,
    security: false,
    ...part,
  };
}

export const root = remotePath('/srv/www/bakery');
/** What nobody cancels. */
export const never = new AbortController().signal;
/** Who does not want to know how far it is. */
export const quietly = () => {};
