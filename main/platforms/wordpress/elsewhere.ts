import type { Elsewhere, Moved, Network, TableRules, Whereabouts } from '../elsewhere.ts';
import { addressIn, moveNetwork, networkIn, networkLines } from './network.ts';

/** Every installation has these. */
const TABLES = ['options', 'posts', 'postmeta', 'users', 'usermeta'];
/** Only networks of sites do. */
const OF_NETWORKS = ['blogs', 'site', 'sitemeta'];
/** What of a user makes what they may do. */
const RIGHTS = ['capabilities', 'user_level'];

/** How WordPress's data is put into another installation. */
export const wordpressElsewhere: Elsewhere = {
  prefixOf: (tables) => prefixesIn(tables)[0] ?? null,
  others: (tables, prefix) => {
    const others = prefixesIn(tables).filter((one) => one !== prefix && one.startsWith(prefix));
    return tables.filter((table) => others.some((other) => table.startsWith(other)));
  },
  isMany: (tables, prefix) => OF_NETWORKS.every((name) => tables.includes(`${prefix}${name}`)),
  networkIn,
  moveNetwork,
  networkLines,
  addresses: { table: 'options', key: 'option_name', value: 'option_value', home: 'home', own: 'siteurl' },
  moves(from, to) {
    // Where only one of the two keeps its own files in a folder of their own, they are told by their names.
    const files: Moved[] =
      from.home === from.own && to.home !== to.own
        ? ['wp-content', 'wp-includes', 'wp-admin'].map((name) => ({
            kind: 'url',
            from: `${from.own}/${name}`,
            to: `${to.own}/${name}`,
          }))
        : [];
    return [
      ...files,
      { kind: 'url', from: from.own, to: to.own },
      { kind: 'url', from: from.home, to: to.home },
      ...(from.root === null || to.root === null
        ? []
        : [{ kind: 'path' as const, from: from.root, to: to.root }]),
    ];
  },
  rules(table, from, to) {
    // Each site of a network but the main one has tables of its own, with its number before their names.
    const [, site = null, name = table] = /^(\d+)_(.+)$/.exec(from.network === null ? '' : table) ?? [];
    switch (name) {
      case 'posts':
        // A GUID says which entry of a feed it is, not where it is: it never changes.
        return { keep: ['guid'] };
      case 'options':
        return optionRules(from, to, site);
      case 'usermeta':
        return userRules(from, to);
      case 'blogs':
      case 'site':
      case 'signups':
        return from.network === null || to.network === null || site !== null
          ? null
          : addressRules(from.network, to.network);
      default:
        return null;
    }
  },
};

type Change = Readonly<Record<string, string>> | 'drop' | null;

/** @param site the number of a network's other site, whose addresses are found as all others are; null: the main one, or the only one */
function optionRules(from: Whereabouts, to: Whereabouts, site: string | null): TableRules {
  const own = site === null ? '' : `${site}_`;
  return {
    row(value): Change {
      switch (value('option_name')) {
        case 'home':
          return site === null ? { option_value: to.home } : null;
        case 'siteurl':
          return site === null ? { option_value: to.own } : null;
        case `${from.prefix}${own}user_roles`:
          return { option_name: `${to.prefix}${own}user_roles` };
        case `${to.prefix}${own}user_roles`:
          return 'drop';
        default:
          return null;
      }
    },
  };
}

/** What a user may do is kept under the prefix. What another installation once left under the new one would give rights that nobody gave. */
function userRules(from: Whereabouts, to: Whereabouts): TableRules | null {
  const renamed = from.prefix !== to.prefix && from.prefix !== '';
  if (!renamed && from.network === null) return null;
  const stale = new Set(RIGHTS.map((name) => `${to.prefix}${name}`));
  return {
    row(value): Change {
      const key = value('meta_key');
      if (key === 'source_domain' && from.network !== null && to.network !== null) {
        const there = addressIn(from.network, to.network, {
          domain: value('meta_value') ?? '',
          path: from.network.path,
        });
        return there === null ? null : { meta_value: there.domain };
      }
      if (!renamed) return null;
      if (key?.startsWith(from.prefix) === true)
        return { meta_key: `${to.prefix}${key.slice(from.prefix.length)}` };
      return key !== null && stale.has(key) ? 'drop' : null;
    },
  };
}

/** Sites by their addresses, which are no URLs in these tables. */
function addressRules(from: Network, to: Network): TableRules {
  return {
    row(value): Change {
      const [domain, path] = [value('domain'), value('path')];
      const there = domain === null || path === null ? null : addressIn(from, to, { domain, path });
      return there === null ? null : { ...there };
    },
  };
}

/** Shortest first: what is looked at was chosen by how its names begin. */
function prefixesIn(tables: readonly string[]): string[] {
  const all = new Set(tables);
  return tables
    .filter((table) => table.endsWith('options'))
    .map((table) => table.slice(0, -'options'.length))
    .filter((prefix) => TABLES.every((name) => all.has(`${prefix}${name}`)))
    .toSorted((a, b) => a.length - b.length);
}
