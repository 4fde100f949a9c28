import { aboutDatabase, countRows, type AboutDatabase } from '../../backups/index.ts';
import { run, sh } from '../../connections/index.ts';
import type { Site } from '../../sites/index.ts';
import { parentOf, Problem, type RemotePath } from '../../words/index.ts';
import type { Hands } from '../hands.ts';

/** Where a root really is. */
export interface RealPlace {
  /** The running system: the same however it is reached. */
  readonly machine: string;
  /** Without links. */
  readonly path: string;
}

/** Asks a server where a site's root, or another folder there, really is; null: it gives only files, or cannot be asked. */
export async function realPlaceOf(
  hands: Hands,
  folder: RemotePath = hands.site.root,
): Promise<RealPlace | null> {
  if (hands.site.connection.kind === 'sftp') return null;
  const asked = await hands
    .on((connection) =>
      run(
        connection,
        sh`cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime 2>/dev/null; printf '|%s|' "$(uname -n)"; cd -- ${folder} && pwd -P`,
        { attempted: 'Ask where the site is', signal: hands.signal, timeLimit: 30_000 },
      ),
    )
    .catch(() => null);
  const [, machine, path] = /^([^]*\|)\n?(\/[^]*?)\n?$/.exec(asked?.stdout.toString('utf8') ?? '') ?? [];
  return machine === undefined || path === undefined ? null : { machine, path };
}

/** Where one root lies below another on the same server, relative to that; null: it does not. `''`: they are the same. */
export function belowOf(
  [site, place]: readonly [Site, RealPlace | null],
  [above, abovePlace]: readonly [Site, RealPlace | null],
): string | null {
  const pairs: (readonly [string, string])[] = [];
  if (place !== null && abovePlace !== null && place.machine === abovePlace.machine)
    pairs.push([place.path, abovePlace.path]);
  if (sameServer(site, above)) pairs.push([site.root, above.root]);
  for (const [path, root] of pairs) {
    if (path === root) return '';
    if (path.startsWith(`${root.replace(/\/$/, '')}/`)) return path.slice(root.replace(/\/$/, '').length + 1);
  }
  return null;
}

function sameServer(one: Site, other: Site): boolean {
  const [a, b] = [one.connection, other.connection];
  if (a.kind === 'local' || b.kind === 'local') return a.kind === b.kind;
  return a.host === b.host && a.port === b.port;
}

/** What a site's database is; null where it has none that can be asked. */
export async function databaseOf(hands: Hands): Promise<AboutDatabase | null> {
  return hands.on(async (connection) => {
    const work = await hands.database(connection);
    if (work?.access.kind === 'mysql') return aboutDatabase(work);
    if (work?.access.kind !== 'sqlite') return null;
    const { file } = work.access;
    const place = await realPlaceOf(hands, parentOf(file));
    return {
      server: place?.machine ?? '',
      name: `${place?.path ?? parentOf(file)}${file.slice(file.lastIndexOf('/'))}`,
      tables: (await countRows(work)).map(({ name }) => name),
      collations: new Set(),
    };
  });
}

/** @throws Problem `same-database` where both sites live in one database: the one would be written over the other. */
export function refuseSameDatabase(source: AboutDatabase | null, target: AboutDatabase, name: string): void {
  if (source === null || source.server !== target.server || source.name !== target.name) return;
  throw new Problem({
    code: 'same-database',
    message: `Both sites use the same database, so the backup is not restored into it.`,
    attempted: 'Compare the databases of both sites',
    answered: `${target.name} on the server of ${name}`,
    todo: 'Give the other site a database of its own in its configuration, then try again.',
  });
}
