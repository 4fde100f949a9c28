import {
  entryAt,
  placesOf,
  rewriteDump,
  rewriteSqlite,
  settingsIn,
  tryRewrite,
  type AboutDatabase,
  type DumpMoves,
  type Snapshot,
  type StoredDatabase,
} from '../../backups/index.ts';
import type { Elsewhere, Moved, Reading, Whereabouts } from '../../platforms/index.ts';
import type { Site } from '../../sites/index.ts';
import { Problem, type OnProgress } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { networkFor } from './look-network.ts';
import { databaseOf, refuseSameDatabase } from './same-place.ts';

interface DatabaseLook {
  readonly elsewhere: Elsewhere | null;
  readonly snapshot: Snapshot;
  readonly reading: Reading;
  readonly source: Site | null;
  readonly sourceHands: Hands | null;
  readonly warnings: string[];
  readonly progress: OnProgress;
}

/** What becomes of the database. Reads only. @throws Problem why it cannot be done */
export async function lookAtDatabase(hands: Hands, given: DatabaseLook) {
  const { elsewhere, snapshot, reading, source, sourceHands, warnings, progress } = given;
  const { database } = snapshot;
  const { facts } = reading;
  if (elsewhere === null || database === null) return null;
  if (facts.database?.kind !== database.kind || facts.database.kind === 'postgresql')
    throw new Problem({
      code: 'other-database',
      message: `${hands.site.name} has no database of ${database.kind === 'sqlite' ? 'SQLite' : 'MySQL or MariaDB'}, as the backup’s site has, that can be reached.`,
      answered: facts.databaseProblem ?? '',
      todo: 'Mend the access in its configuration, or choose another site.',
    });
  await refuseOtherLayout(hands.site, facts.contentFolder, snapshot);
  const here = await databaseOf(hands);
  if (here === null) return null;
  const names = database.tables.map(({ name }) => name);
  const lone = await whereaboutsIn(elsewhere, snapshot, database, source);
  const to: Whereabouts = {
    home: plainUrl(facts.url ?? hands.site.url),
    own: plainUrl(facts.ownUrl ?? facts.url ?? hands.site.url),
    root: hands.site.root,
    prefix:
      facts.database.kind === 'mysql'
        ? facts.database.prefix
        : aloneIn(hands.site, elsewhere, { here: here.tables, names, prefix: lone.prefix }),
    network: facts.network,
  };
  const network = await networkFor(hands.site, {
    ...{ elsewhere, snapshot, database, prefix: lone.prefix },
    ...{ there: facts.network, tables: here.tables, prefixThere: to.prefix },
  });
  const from: Whereabouts = { ...lone, network };
  await refuseShared(hands, { elsewhere, here, names, from, to, source, sourceHands, warnings });
  const registered: Moved[] =
    source === null ? [] : [{ kind: 'url', from: plainUrl(source.url), to: to.home }];
  const wanted = elsewhere.moves(from, to);
  const sites =
    network === null || to.network === null
      ? { moves: [], strangers: [] }
      : elsewhere.moveNetwork(network, to.network, to.home.startsWith('https:') ? 'https' : 'http');
  if (sites.strangers.length > 0)
    warnings.push(
      `Sites of the network with a name of their own keep it, and lead to where it leads now: ${sites.strangers.slice(0, 10).join(', ')}${sites.strangers.length > 10 ? ', …' : ''}.`,
    );
  const moves = [...sites.moves, ...registered, ...wanted].filter(
    (one) => one.from !== one.to && (one.kind === 'url' || deepEnough(one.from)),
  );
  if (source === null)
    warnings.push(
      `${snapshot.backup.siteName} is not among the sites any more: where its files were is not known, so paths stay as they are.`,
    );
  else if (!deepEnough(source.root))
    warnings.push(
      `The root ${source.root} is too short to be told from other text, so paths stay as they are.`,
    );
  const theirs = new Set(elsewhere.others(names, from.prefix));
  const tables = new Set(names.filter((name) => !theirs.has(name)));
  const dumpMoves: DumpMoves = {
    fromPrefix: from.prefix,
    toPrefix: to.prefix,
    tables,
    collations: here.collations,
    places: placesOf(moves),
    rulesOf: (table) => elsewhere.rules(table, from, to),
  };
  progress({ what: 'Read the database of the backup', done: 0, total: null, unit: 'bytes' });
  const rewritten = await tryRewrite(
    snapshot.read(database.blobs),
    dumpMoves,
    hands.signal,
    database.kind === 'sqlite' ? rewriteSqlite : rewriteDump,
  );
  const written = new Set([...tables].map((name) => `${to.prefix}${name.slice(from.prefix.length)}`));
  const uniqueMoves = [...new Map(moves.map((one) => [one.from, one])).values()];
  return {
    moves: dumpMoves,
    size: database.size,
    plan: {
      prefix: { from: from.prefix, to: to.prefix },
      moves: uniqueMoves.map((one) => ({ ...one })),
      rewritten,
      dropped: here.tables.filter(
        (name) => (database.kind === 'sqlite' || name.startsWith(to.prefix)) && !written.has(name),
      ),
    },
  };
}

/**
 * An SQLite database comes as the file that it is, so it may hold one installation only, whose tables keep their names: what stands between
 * WordPress and SQLite remembers them by these.
 * @returns what the names of both sites' tables begin with. @throws Problem `shared-prefix`, `other-prefix`
 */
function aloneIn(
  site: Site,
  elsewhere: Elsewhere,
  { here, names, prefix }: { here: readonly string[]; names: readonly string[]; prefix: string },
): string {
  const there = elsewhere.prefixOf(here) ?? prefix;
  for (const [tables, own] of [
    [here, there],
    [names, prefix],
  ] as const) {
    const others = elsewhere.prefixOf(tables.filter((table) => !table.startsWith(own)));
    if (others !== null)
      throw new Problem({
        code: 'shared-prefix',
        message: `In the SQLite database of ${tables === here ? site.name : 'the backup'} there is another installation, which would come or go with it.`,
        answered: `${others}…`,
        todo: 'Give each of the two a database of its own.',
      });
  }
  if (there !== prefix)
    throw new Problem({
      code: 'other-prefix',
      message: `The tables of ${site.name} begin with “${there}”, the backup’s with “${prefix}”. Tables of SQLite are not renamed.`,
      todo: `Set up the other site anew with the table prefix “${prefix}”, then try again.`,
    });
  return there;
}

async function whereaboutsIn(
  elsewhere: Elsewhere,
  snapshot: Snapshot,
  database: StoredDatabase,
  source: Site | null,
): Promise<Omit<Whereabouts, 'network'>> {
  const prefix = elsewhere.prefixOf(database.tables.map(({ name }) => name));
  if (prefix === null)
    throw new Problem({
      code: 'not-recognised',
      message: 'The tables of this backup are not those of a whole installation.',
      todo: 'Choose another backup.',
    });
  const { table, key, value, home, own } = elsewhere.addresses;
  const settings = await settingsIn(snapshot, database, { table: `${prefix}${table}`, key, value }, [
    home,
    own,
  ]);
  const url = settings.get(home) ?? settings.get(own) ?? source?.url;
  if (url === undefined)
    throw new Problem({
      code: 'not-recognised',
      message: 'The database in this backup does not say which address its site had.',
      todo: 'Choose another backup.',
    });
  return {
    prefix,
    home: plainUrl(url),
    own: plainUrl(settings.get(own) ?? url),
    root: source?.root ?? null,
  };
}

/** Both have to keep their content in the same folder below the root: only what lies there is moved. */
async function refuseOtherLayout(site: Site, folder: string, snapshot: Snapshot): Promise<void> {
  const path = folder.startsWith(`${site.root}/`) ? folder.slice(site.root.length + 1) : null;
  if (path !== null && (await entryAt(snapshot, path).catch(() => null))?.kind === 'folder') return;
  throw new Problem({
    code: 'other-layout',
    message: `${site.name} keeps its content in another folder than the backup’s site.`,
    answered: folder,
    todo: 'Choose a site that is laid out alike, or restore it to a folder on this computer and move it by hand.',
  });
}

interface Sharing {
  readonly elsewhere: Elsewhere;
  readonly here: AboutDatabase;
  readonly names: readonly string[];
  readonly from: Whereabouts;
  readonly to: Whereabouts;
  readonly source: Site | null;
  readonly sourceHands: Hands | null;
  readonly warnings: string[];
}

/** Nothing of another installation may be written over. */
async function refuseShared(hands: Hands, given: Sharing): Promise<void> {
  const { elsewhere, here, names, from, to, source, sourceHands, warnings } = given;
  const others = elsewhere.others(here.tables, to.prefix);
  if (others.length > 0)
    throw new Problem({
      code: 'shared-prefix',
      message: `In the database of ${hands.site.name} there is another installation, whose tables begin as this site’s do. They could not be told apart.`,
      answered: others.slice(0, 5).join(', '),
      todo: 'Give one of the two a database of its own, or another table prefix.',
    });
  const there = sourceHands === null ? null : await databaseOf(sourceHands).catch(() => null);
  refuseSameDatabase(there, here, source?.name ?? '');
  if (there !== null) return;
  // Without a word from the source, its tables would give it away.
  if (from.prefix !== to.prefix && names.every((name) => here.tables.includes(name)))
    throw new Problem({
      code: 'same-database',
      message: `The database of ${hands.site.name} holds the tables of the backup’s site too, and that site cannot be asked whether it is the same one.`,
      answered: names.slice(0, 5).join(', '),
      todo: 'Make the other site reachable, or give this one a database of its own.',
    });
  warnings.push(
    'The backup’s site cannot be reached, so it could not be asked whether both use the same database.',
  );
}

/** One folder alone, like `/web`, is in too many texts. */
function deepEnough(path: string): boolean {
  return path.split('/').filter((part) => part !== '').length >= 2;
}

function plainUrl(url: string): string {
  return url.trim().replace(/\/+$/, '');
}
