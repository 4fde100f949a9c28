export type SiteTab = 'overview' | 'backups' | 'history' | 'connection';

/** Every place in the app, each with its own address. */
export type Route =
  | { readonly screen: 'sites' }
  | { readonly screen: 'add-site' }
  | { readonly screen: 'site'; readonly id: string; readonly tab: SiteTab }
  | { readonly screen: 'run'; readonly id: string }
  | { readonly screen: 'activity' }
  | { readonly screen: 'backups' }
  | { readonly screen: 'backup'; readonly id: string; readonly path: string }
  | { readonly screen: 'settings' };

const TABS: readonly SiteTab[] = ['overview', 'backups', 'history', 'connection'];

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
    case 'backup': {
      const path = route.path.split('/').map(encodeURIComponent).join('/');
      return `#/backups/${route.id}${path === '' ? '' : `/${path}`}`;
    }
  }
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
