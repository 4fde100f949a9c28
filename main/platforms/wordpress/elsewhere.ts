import type { Elsewhere, Moved, TableRules, Whereabouts } from '../elsewhere.ts';

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
    switch (table) {
      case 'posts':
        // A GUID says which entry of a feed it is, not where it is: it never changes.
        return { keep: ['guid'] };
      case 'options':
        return optionRules(from, to);
      case 'usermeta':
        return from.prefix === to.prefix || from.prefix === '' ? null : userRules(from, to);
      default:
        return null;
    }
  },
};

type Change = Readonly<Record<string, string>> | 'drop' | null;

function optionRules(from: Whereabouts, to: Whereabouts): TableRules {
  return {
    row(value): Change {
      switch (value('option_name')) {
        case 'home':
          return { option_value: to.home };
        case 'siteurl':
          return { option_value: to.own };
        case `${from.prefix}user_roles`:
          return { option_name: `${to.prefix}user_roles` };
        case `${to.prefix}user_roles`:
          return 'drop';
        default:
          return null;
      }
    },
  };
}

/** What a user may do is kept under the prefix. What another installation once left under the new one would give rights that nobody gave. */
function userRules(from: Whereabouts, to: Whereabouts): TableRules {
  const stale = new Set(RIGHTS.map((name) => `${to.prefix}${name}`));
  return {
    row(value): Change {
      const key = value('meta_key');
      if (key?.startsWith(from.prefix) === true)
        return { meta_key: `${to.prefix}${key.slice(from.prefix.length)}` };
      return key !== null && stale.has(key) ? 'drop' : null;
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
