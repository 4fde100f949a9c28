import { Problem } from '../../words/index.ts';
import type { Moved, Network, NetworkMove, RowsOf, StoredNetwork } from '../elsewhere.ts';

/** Where a site of a network is: `shop.example.com`, `/`. */
interface Address {
  readonly domain: string;
  readonly path: string;
}

/** The network that the tables of a backup hold. @throws Problem `many-networks`, `not-recognised` */
export async function networkIn(rowsOf: RowsOf, prefix: string): Promise<StoredNetwork> {
  const networks = await rowsOf(`${prefix}site`, ['id', 'domain', 'path']);
  const settings = new Map(
    (await rowsOf(`${prefix}sitemeta`, ['meta_key', 'meta_value'])).map(([key, value]) => [key, value]),
  );
  const blogs = (await rowsOf(`${prefix}blogs`, ['blog_id', 'domain', 'path'])).map(
    ([number, domain, path]) => ({
      number: number ?? '',
      domain: domain ?? '',
      path: path ?? '/',
    }),
  );
  const [[number = null, domain = null, path = null] = [], ...others] = networks;
  if (others.length > 0)
    throw new Problem({
      code: 'many-networks',
      message:
        'This backup holds several networks of sites in one installation, which are not restored to another site.',
      answered: networks.map(([, name]) => name).join(', '),
      todo: 'Restore it to a folder on this computer and move it by hand.',
    });
  const main = blogs.find((one) => one.domain === domain && one.path === path);
  if (domain === null || path === null || main === undefined)
    throw new Problem({
      code: 'not-recognised',
      message: 'The network of sites in this backup does not say which is its main site.',
      todo: 'Choose another backup.',
    });
  const said = settings.get('subdomain_install');
  return {
    // Networks from before WordPress 3.0 do not say it, but their sites' names do.
    subdomains: said === undefined ? blogs.some((one) => one.domain !== domain) : said === '1',
    ...{ domain, path, number, mainSite: main.number },
    sites: blogs.filter((one) => one !== main).map(({ number: _number, ...address }) => address),
  };
}

/** How the sites of one network become those of another. @throws Problem `other-network` */
export function moveNetwork(from: StoredNetwork, to: Network, scheme: string): NetworkMove {
  const differs: string[] = [];
  if (from.subdomains !== to.subdomains)
    differs.push(
      `its sites are ${from.subdomains ? 'names below its domain' : 'folders below its path'}, the other’s are ${to.subdomains ? 'names' : 'folders'}`,
    );
  if (to.number !== null && to.number !== from.number)
    differs.push(`its number is ${from.number ?? 'not known'}, the other’s is ${to.number}`);
  if (to.mainSite !== null && to.mainSite !== from.mainSite)
    differs.push(
      `the number of its main site is ${from.mainSite ?? 'not known'}, the other’s is ${to.mainSite}`,
    );
  if (differs.length > 0)
    throw new Problem({
      code: 'other-network',
      message:
        'The network of sites in this backup does not fit the configuration of the other site, which stays.',
      answered: differs.join('; '),
      todo: `In that site’s wp-config.php there would have to be: ${networkLines({ ...from, domain: to.domain, path: to.path }).join(' ')}`,
    });
  const moves = from.sites.flatMap((one): Moved[] => {
    const there = addressIn(from, to, one);
    // Folders below the same domain are found by its name.
    return there === null || one.domain === from.domain
      ? []
      : [{ kind: 'url', from: `http://${bare(one)}`, to: `${scheme}://${bare(there)}` }];
  });
  const strangers = from.sites.filter((one) => addressIn(from, to, one) === null).map(bare);
  const main: Moved = { kind: 'url', from: `http://${bare(from)}`, to: `${scheme}://${bare(to)}` };
  return { moves: [main, ...moves], strangers };
}

/** The address of a site of one network in the other; null: it has one of its own, which is not the network's. */
export function addressIn(from: Network, to: Network, { domain, path }: Address): Address | null {
  const below = path.startsWith(from.path) ? `${to.path}${path.slice(from.path.length)}` : null;
  if (domain === from.domain) return below === null ? null : { domain: to.domain, path: below };
  // WordPress leaves out `www.` where it puts names before a domain.
  const [old, now] = [from.domain, to.domain].map((name) => `.${name.replace(/^www\./, '')}`);
  if (!from.subdomains || old === undefined || now === undefined || !domain.endsWith(old) || below === null)
    return null;
  return { domain: `${domain.slice(0, -old.length)}${now}`, path: below };
}

/** What wp-config.php has to say for a network to fit it. */
export function networkLines({ subdomains, domain, path, number, mainSite }: Network): string[] {
  return [
    "define('MULTISITE', true);",
    `define('SUBDOMAIN_INSTALL', ${subdomains});`,
    `define('DOMAIN_CURRENT_SITE', '${domain.replaceAll("'", '')}');`,
    `define('PATH_CURRENT_SITE', '${path.replaceAll("'", '')}');`,
    `define('SITE_ID_CURRENT_SITE', ${Number(number ?? 1)});`,
    `define('BLOG_ID_CURRENT_SITE', ${Number(mainSite ?? 1)});`,
  ];
}

function bare({ domain, path }: Address): string {
  return `${domain}${path.replace(/\/+$/, '')}`;
}
