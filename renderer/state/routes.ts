export type SiteTab = 'overview' | 'backups' | 'history' | 'connection' | 'emergency';

/** Every place in the app, each with its own address. */
export type Route =
  | { readonly screen: 'sites' }
  | { readonly screen: 'add-site' }
  | { readonly screen: 'site'; readonly id: string; readonly tab: SiteTab }
  | { readonly screen: 'run'; readonly id: string }
  | { readonly screen: 'activity' }
  | { readonly screen: 'backups' }
  | { readonly screen: 'backup'; readonly id: string; readonly path: string }
  | { readonly screen: 'tables'; readonly id: string; readonly table: string }
  | { readonly screen: 'compare'; readonly before: string; readonly after: string; readonly path: string }
  | { readonly screen: 'new-computer'; readonly id: string }
  | { readonly screen: 'settings' };

const TABS: readonly SiteTab[] = ['overview', 'backups', 'history', 'connection', 'emergency'];

/** The place that an address names (`#/sites/site_1/backups`); the list of sites when it names none. */
export function routeOf(hash: string): Route {
  const parts = hash
    .replace(/^#?\/?/, '')
    .split('/')
    .map(decode);
  const [screen = '', id = '', ...rest] = parts;
  switch (screen) {
    case 'sites': {
      if (id === '') return { screen: 'sites' };
      if (id === 'add') return { screen: 'add-site' };
      return { screen: 'site', id, tab: TABS.find((tab) => tab === rest[0]) ?? 'overview' };
    }
    case 'runs':
      return id === '' ? { screen: 'activity' } : { screen: 'run', id };
    case 'activity':
      return { screen: 'activity' };
    case 'backups':
      return id === '' ? { screen: 'backups' } : { screen: 'backup', id, path: rest.join('/') };
    case 'tables':
      return id === '' ? { screen: 'backups' } : { screen: 'tables', id, table: rest[0] ?? '' };
    case 'compare': {
      const [after = '', ...path] = rest;
      return id === '' || after === ''
        ? { screen: 'backups' }
        : { screen: 'compare', before: id, after, path: path.join('/') };
    }
    case 'new-computer':
      return { screen: 'new-computer', id };
    case 'settings':
      return { screen: 'settings' };
    default:
      return { screen: 'sites' };
  }
}

/** The address of a place. */
export function hashOf(route: Route): string {
  switch (route.screen) {
    case 'sites':
    case 'activity':
    case 'backups':
    case 'settings':
      return `#/${route.screen}`;
    case 'add-site':
      return '#/sites/add';
    case 'site':
      return route.tab === 'overview' ? `#/sites/${route.id}` : `#/sites/${route.id}/${route.tab}`;
    case 'run':
      return `#/runs/${route.id}`;
    case 'new-computer':
      return route.id === '' ? '#/new-computer' : `#/new-computer/${route.id}`;
    case 'backup':
      return `#/backups/${route.id}${pathInHash(route.path)}`;
    case 'tables':
      return `#/tables/${route.id}${route.table === '' ? '' : `/${encode(route.table)}`}`;
    case 'compare':
      return `#/compare/${route.before}/${route.after}${pathInHash(route.path)}`;
  }
}

function pathInHash(path: string): string {
  return path === '' ? '' : `/${path.split('/').map(encode).join('/')}`;
}

/** A byte of a server's name that is no UTF-8 (a lone surrogate, see main's RemotePath) goes into an address as that byte. */
function encode(part: string): string {
  return part.replaceAll(/[\uDC80-\uDCFF]|[^\uDC80-\uDCFF]+/gu, (text) => {
    const unit = text.length === 1 ? text.charCodeAt(0) : 0;
    return unit >= 0xdc80 && unit <= 0xdcff
      ? `%${(unit - 0xdc00).toString(16).toUpperCase()}`
      : encodeURIComponent(text.toWellFormed());
  });
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) =>
      nameOf(Uint8Array.from(run.slice(1).split('%'), (hex) => Number.parseInt(hex, 16))),
    );
  }
}

/** Bytes as a name: characters where they are UTF-8, lone surrogates where not. */
function nameOf(bytes: Uint8Array): string {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let name = '';
  for (let at = 0; at < bytes.length;) {
    let length = 1;
    let char = String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    for (let size = 1; size <= 4; size += 1) {
      try {
        char = utf8.decode(bytes.subarray(at, at + size));
        length = size;
        break;
      } catch {
        // Not a character yet, or never one.
      }
    }
    name += char;
    at += length;
  }
  return name;
}
