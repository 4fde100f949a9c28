import type { RemotePath } from '../words/index.ts';

/** One thing that a site's data calls by where it is, and what it is called in the other site. */
export interface Moved {
  readonly kind: 'url' | 'path';
  /** A URL or a whole path, without a slash at its end. */
  readonly from: string;
  readonly to: string;
}

/** Several sites in one installation: where it is, as its configuration or its data says. */
export interface Network {
  /** Whether its sites have names of their own below its domain; else folders below its path. */
  readonly subdomains: boolean;
  /** Of its main site, with a port where there is one. */
  readonly domain: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  /** The numbers that it and its main site have in the data. null: the configuration does not say, and any will do. */
  readonly number: string | null;
  readonly mainSite: string | null;
}

/** A network as a backup has it, with the addresses of its sites. */
export interface StoredNetwork extends Network {
  readonly sites: readonly { readonly domain: string; readonly path: string }[];
}

/** Where the addresses of a network's sites lead in another one. */
export interface NetworkMove {
  readonly moves: readonly Moved[];
  /** Addresses that are not the network's own, and stay. */
  readonly strangers: readonly string[];
}

/** Reads rows of a table in a backup: the texts of some columns. The table's whole name goes in. */
export type RowsOf = (
  table: string,
  columns: readonly string[],
) => Promise<readonly (readonly (string | null)[])[]>;

/** Where an installation is, as its data says it. URLs have no slash at their end. */
export interface Whereabouts {
  /** What visitors open. */
  readonly home: string;
  /** Where the platform's own files are reached; mostly the same. */
  readonly own: string;
  /** null: not known. */
  readonly root: RemotePath | null;
  /** What its tables' names begin with. */
  readonly prefix: string;
  /** null: it is one site. */
  readonly network: Network | null;
}

/** What a platform knows of one of its tables when its rows go into another installation. Columns are named. */
export interface TableRules {
  /** Stay as they are, wherever they point. */
  readonly keep?: readonly string[];
  /**
   * What becomes of a row: new texts for some columns, or `drop`; null: nothing of note.
   * @param value a column's text; null where it has none, or a very long one
   */
  readonly row?: (
    value: (column: string) => string | null,
  ) => Readonly<Record<string, string>> | 'drop' | null;
}

/** How a platform's data is put into another installation of it. Tables are named without their prefix unless said otherwise. */
export interface Elsewhere {
  /** What the names of an installation's tables begin with; null: this is none. Whole names go in. */
  prefixOf(tables: readonly string[]): string | null;
  /** Tables of other installations, whose prefix only begins as this one's. Whole names. */
  others(tables: readonly string[], prefix: string): readonly string[];
  /** Whether several sites live in one installation. */
  isMany(tables: readonly string[], prefix: string): boolean;
  /** The network that a backup holds. @throws Problem `many-networks` */
  networkIn(rowsOf: RowsOf, prefix: string): Promise<StoredNetwork>;
  /**
   * How the sites of one network become those of another.
   * @param scheme `http` or `https`, of the other
   * @throws Problem `other-network` where the one can't be made to fit the other's configuration
   */
  moveNetwork(from: StoredNetwork, to: Network, scheme: string): NetworkMove;
  /** What a configuration has to say for a network to fit it, as its lines. */
  networkLines(network: Network): readonly string[];
  /** Where the data says where it is: a table of names and values. */
  readonly addresses: {
    readonly table: string;
    readonly key: string;
    readonly value: string;
    readonly home: string;
    readonly own: string;
  };
  moves(from: Whereabouts, to: Whereabouts): readonly Moved[];
  rules(table: string, from: Whereabouts, to: Whereabouts): TableRules | null;
}
