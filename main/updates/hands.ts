import { setTimeout as wait } from 'node:timers/promises';
import type { DatabaseScripts, DatabaseWork } from '../backups/index.ts';
import type { Connection, Reach, Script } from '../connections/index.ts';
import type {
  DatabaseAccess,
  KnownDatabase,
  Platform,
  Platforms,
  Reading,
  ReadOptions,
} from '../platforms/index.ts';
import type { Site } from '../sites/index.ts';
import { asProblem, type Clock } from '../words/index.ts';

/** Access to one site for the length of a run: reconnects by itself, reads the configuration once. */
export interface Hands {
  readonly site: Site;
  readonly platform: Platform;
  readonly signal: AbortSignal;
  on<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** As `on`, over a connection that is nobody else's and is closed afterwards. */
  apart<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  readonly scripts: DatabaseScripts;
  /** What was read of the site; asked once. */
  reading(): Promise<Reading>;
  /** What the site says of its database; asked once. */
  knownDatabase(): Promise<KnownDatabase>;
  /** null where the site has no database that can be reached. */
  database(connection: Connection, before?: Script): Promise<DatabaseWork | null>;
  /** The same hands, but patient: for undoing, which has to happen even when the user cancelled or the network blinked. */
  patient(): Hands;
  /** The same hands for work with an end of its own. */
  until(signal: AbortSignal): Hands;
}

export interface HandsOptions {
  readonly site: Site;
  readonly platform: Platform;
  readonly reach: Reach;
  readonly apart: Reach;
  readonly scripts: DatabaseScripts;
  readonly signal: AbortSignal;
  readonly now: number;
}

/** How long undoing tries to reach the site again: 1 + 2 + 4 + … seconds. */
const TRIES = 6;
const TRANSIENT = new Set([
  'connection-lost',
  'channel-refused',
  'connection-failed',
  'unreachable',
  'connection-refused',
  'host-not-found',
  'timed-out',
  'cancelled',
]);

function createHands(
  options: HandsOptions,
  asked: { reading: Promise<Reading> | null; database: Promise<KnownDatabase> | null } = {
    reading: null,
    database: null,
  },
  isPatient = false,
): Hands {
  const { site, platform, signal } = options;
  const over = async <T>(reach: Reach, work: (connection: Connection) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await reach(site, signal, work);
      } catch (error) {
        if (!isPatient || attempt >= TRIES || signal.aborted || !TRANSIENT.has(asProblem(error).code))
          throw error;
        await wait(1000 * 2 ** (attempt - 1));
      }
    }
  };
  const on: Hands['on'] = (work) => over(options.reach, work);
  const reading = (): Promise<Reading> => {
    asked.reading ??= on((connection) => readOf(platform, connection, options)).catch((error: unknown) => {
      asked.reading = null;
      throw error;
    });
    return asked.reading;
  };
  const knownDatabase = async (): Promise<KnownDatabase> => {
    if (platform.module !== null) {
      const { inventory, facts } = await reading();
      const { database: access, databaseProblem: problem, php } = facts;
      return { access, kind: inventory.database?.kind ?? null, problem, php };
    }
    asked.database ??= on((connection) => platform.database(connection, asRead(options))).catch(
      (error: unknown) => {
        asked.database = null;
        throw error;
      },
    );
    return asked.database;
  };
  return {
    site,
    platform,
    scripts: options.scripts,
    signal,
    on,
    apart: (work) => over(options.apart, work),
    reading,
    knownDatabase,
    async database(connection, before) {
      const { access, php } = await knownDatabase();
      if (access === null) return null;
      return databaseWork(connection, access, php, options.scripts, signal, before);
    },
    patient: () => createHands({ ...options, signal: AbortSignal.timeout(24 * 3_600_000) }, asked, true),
    until: (other) => createHands({ ...options, signal: other }, asked),
  };
}

/** The hands for one site, from what the app has. */
export function handsFor(
  services: {
    readonly platforms: Platforms;
    readonly reach: Reach;
    readonly apart: Reach;
    readonly databaseScripts: DatabaseScripts;
    readonly clock: Clock;
  },
  site: Site,
  signal: AbortSignal,
): Hands {
  return createHands({
    site,
    platform: services.platforms.get(site.platform),
    reach: services.reach,
    apart: services.apart,
    scripts: services.databaseScripts,
    signal,
    now: services.clock(),
  });
}

/** The database of a site, ready to be dumped or restored. */
export function databaseWork(
  connection: Connection,
  access: DatabaseAccess,
  php: string,
  scripts: DatabaseScripts,
  signal: AbortSignal,
  before?: Script,
): DatabaseWork {
  return { connection, access, php, scripts, signal, before };
}

async function readOf(platform: Platform, connection: Connection, options: HandsOptions): Promise<Reading> {
  if (platform.module === null) throw new TypeError(`${platform.recipe.platform} has no inventory`);
  return platform.module.read(connection, asRead(options));
}

function asRead({ site, signal, now }: HandsOptions): ReadOptions {
  return { root: site.root, php: site.settings.php, signal, now };
}
