import { rowsIn, type Snapshot, type StoredDatabase } from '../../backups/index.ts';
import type { Elsewhere, Network, StoredNetwork } from '../../platforms/index.ts';
import type { Site } from '../../sites/index.ts';
import { Problem } from '../../words/index.ts';

interface Networks {
  readonly elsewhere: Elsewhere;
  readonly snapshot: Snapshot;
  readonly database: StoredDatabase;
  readonly prefix: string;
  /** What the site's configuration says it is; that stays. */
  readonly there: Network | null;
  /** Its tables, and what their names begin with. */
  readonly tables: readonly string[];
  readonly prefixThere: string;
}

/**
 * The network of sites that a backup holds; null: it holds one site.
 * @throws Problem `many-sites`, `not-a-network` where a network would come to a site that is none, or the other way round
 */
export async function networkFor(site: Site, given: Networks): Promise<StoredNetwork | null> {
  const { elsewhere, snapshot, database, prefix, there, tables, prefixThere } = given;
  const isNetwork = elsewhere.isMany(
    database.tables.map(({ name }) => name),
    prefix,
  );
  if (!isNetwork) {
    if (there !== null)
      throw new Problem({
        code: 'many-sites',
        message: `${site.name} is a network of sites (multisite), and the backup holds a single site.`,
        attempted: 'Compare what both are',
        todo: 'Choose a site that is no network, or import it there by hand as one of the network’s sites.',
      });
    if (elsewhere.isMany(tables, prefixThere))
      throw new Problem({
        code: 'many-sites',
        message: `The database of ${site.name} holds a network of sites (multisite), which its configuration does not speak of. It would be lost.`,
        attempted: 'Look at the tables that are there',
        todo: 'Remove the tables of the network if nobody needs them, then try again.',
      });
    return null;
  }
  const network = await elsewhere.networkIn(
    (table, columns) => rowsIn(snapshot, database, table, columns),
    prefix,
  );
  if (there !== null && there.domain !== '') return network;
  const { host, pathname } = new URL(site.url);
  const here = { ...network, domain: host, path: pathname.endsWith('/') ? pathname : `${pathname}/` };
  throw new Problem({
    code: 'not-a-network',
    message: `The backup holds a network of sites (multisite), and the configuration of ${site.name}, which stays, says that it is a single site.`,
    attempted: 'Compare what both are',
    todo: `Add these lines to its wp-config.php and, for folders, WordPress’s rules for networks to its .htaccess, then try again: ${elsewhere.networkLines(here).join(' ')}`,
  });
}
