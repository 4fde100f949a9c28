import type { Connection } from '../connections/index.ts';
import type { RemotePath } from '../words/index.ts';
import type { Component, Inventory } from './inventory.ts';
import type { Elsewhere, Network } from './elsewhere.ts';
import type { Installation } from './installation.ts';
import type { LoadedRecipe } from './recipe.ts';

/** How a site's database is reached from its server. Holds secrets: lives only in memory. */
export type DatabaseAccess =
  | {
      readonly kind: 'mysql';
      readonly host: string;
      readonly port: number | null;
      readonly socket: string | null;
      readonly name: string;
      readonly user: string;
      readonly password: string;
      /** Only tables whose names begin so are the site's. */
      readonly prefix: string;
    }
  | {
      readonly kind: 'postgresql';
      /** A name, or the folder of its socket. */
      readonly host: string;
      readonly port: number | null;
      readonly name: string;
      readonly user: string;
      readonly password: string;
    }
  | { readonly kind: 'sqlite'; readonly file: RemotePath };

/** How a site's database is reached, as the site itself says. */
export interface KnownDatabase {
  /** null: there is none, or it could not be read. */
  readonly access: DatabaseAccess | null;
  /** What runs it; null as above. */
  readonly kind: NonNullable<Inventory['database']>['kind'] | null;
  /** Why it could not be read. */
  readonly problem: string | null;
  /** PHP on the server. */
  readonly php: string;
}

/** What was read of a site just now: its inventory, and what only the engine needs. */
export interface Reading {
  readonly inventory: Inventory;
  readonly facts: {
    readonly database: DatabaseAccess | null;
    /** Why the database could not be read; null when it was, or where there is none. */
    readonly databaseProblem: string | null;
    /** The site's own idea of its URL. */
    readonly url: string | null;
    /** Where its own files are reached, as it says; null: not known. */
    readonly ownUrl: string | null;
    readonly title: string | null;
    /** The network of sites that its configuration says it is; null: it is one site. */
    readonly network: Network | null;
    /** The PHP that read it. */
    readonly php: string;
    readonly errorLog: RemotePath | null;
    readonly contentFolder: RemotePath;
    /** The site itself forbids changes of its files (DISALLOW_FILE_MODS). */
    readonly fileChangesForbidden: boolean;
    /** What the names of its tables begin with; null: not known. */
    readonly tablePrefix: string | null;
    /** An updater's maintenance flag is up. */
    readonly inMaintenance: boolean;
  };
}

export interface ReadOptions {
  readonly root: RemotePath;
  /** The PHP binary; null: found by looking. */
  readonly php: string | null;
  readonly signal: AbortSignal;
  readonly now: number;
}

/** Where a component's files lie, relative to the site's root, and whether it is one file. */
export interface ComponentPlace {
  readonly path: string;
  readonly single: boolean;
}

/** Rows in a table by which a platform's own updaters keep each other out. */
export interface UpdaterLocks {
  readonly table: string;
  /** The columns of a lock's name and of the second since which it is held, by the server's clock. */
  readonly columns: { readonly name: string; readonly since: string };
  /** What a new row has beside these. */
  readonly also: Readonly<Record<string, string>>;
  readonly locks: readonly {
    readonly name: string;
    /** Seconds after which the platform takes no notice of it any more. */
    readonly lasts: number;
    /** Who holds it, at the beginning of a sentence. */
    readonly holder: string;
  }[];
}

/** What a platform's TypeScript module adds to its recipe. */
export interface PlatformModule {
  /** @throws Problem `no-php`, `not-an-installation`, `no-such-root`, … */
  read(connection: Connection, options: ReadOptions): Promise<Reading>;
  /** As `read`, but null when nothing that the inventory is read from has changed since `fingerprint`. */
  readIfChanged(connection: Connection, options: ReadOptions, fingerprint: string): Promise<Reading | null>;
  /** What its reader printed elsewhere, behind a marker. @throws Problem `unreadable-answer` */
  readingFrom(printed: Buffer, marker: string, options: ReadOptions): Reading;
  /** @param reading null: the site could not be read. @throws Problem `component-elsewhere` */
  place(component: Component, reading: Reading | null, root: RemotePath): ComponentPlace;
  /** null: its updaters take none, or where they are is not known. */
  updaterLocks(reading: Reading): UpdaterLocks | null;
  /** How its data is put into another installation. */
  readonly elsewhere: Elsewhere;
}

/** One platform, ready for use. */
export interface Platform {
  readonly recipe: LoadedRecipe;
  /** null: files only. */
  readonly module: PlatformModule | null;
  /** Reads one folder; null when this platform is not there. */
  look(connection: Connection, options: ReadOptions): Promise<Installation | null>;
  /** What the recipe's script says of the database; a module says it in its reading. @throws Problem `database-unknown`, `remote-failed` */
  database(connection: Connection, options: ReadOptions): Promise<KnownDatabase>;
}
