import { z } from 'zod';
import type { LeftBecause } from './value.ts';

/** What of a database was rewritten for another site, and what was left as it was. */
export const Rewritten = z.object({
  tables: z.number().int(),
  rows: z.number().int(),
  /** Values that changed, and places in them. */
  values: z.number().int(),
  places: z.number().int(),
  /** By table (its name in the backup), those with changes only. */
  byTable: z.array(z.object({ table: z.string(), values: z.number().int() })),
  /** Values that name the old site and stay so. `column`: `wp_options.option_value`. */
  left: z.array(
    z.object({
      because: z.enum(['broken-serialized', 'own-serialized', 'binary', 'kept']),
      column: z.string(),
      values: z.number().int(),
    }),
  ),
  /** Routines, events and sequences, which belong to a database and not to a site. */
  notTaken: z.array(z.string()),
  /** Rows that only an installation with the other site's prefix had left behind. */
  dropped: z.array(z.object({ table: z.string(), rows: z.number().int() })),
});
export type Rewritten = z.infer<typeof Rewritten>;

/** Most names of each kind that are told. */
const NAMED = 200;

export interface Tally {
  table(name: string): void;
  row(): void;
  changed(table: string, places: number): void;
  left(because: LeftBecause, column: string): void;
  notTaken(what: string): void;
  dropped(table: string): void;
  read(): Rewritten;
}

export function openTally(): Tally {
  const tables = new Set<string>();
  const byTable = new Map<string, number>();
  const left = new Map<string, { because: LeftBecause; column: string; values: number }>();
  const notTaken = new Set<string>();
  const dropped = new Map<string, number>();
  let rows = 0;
  let values = 0;
  let places = 0;
  return {
    table: (name) => void tables.add(name),
    row: () => void (rows += 1),
    changed(table, number) {
      values += 1;
      places += number;
      byTable.set(table, (byTable.get(table) ?? 0) + 1);
    },
    left(because, column) {
      const key = `${because} ${column}`;
      const known = left.get(key);
      if (known !== undefined) known.values += 1;
      else if (left.size < NAMED) left.set(key, { because, column, values: 1 });
    },
    notTaken: (what) => void (notTaken.size < NAMED && notTaken.add(what)),
    dropped: (table) => void dropped.set(table, (dropped.get(table) ?? 0) + 1),
    read: () => ({
      tables: tables.size,
      rows,
      values,
      places,
      byTable: [...byTable].map(([table, number]) => ({ table, values: number })),
      left: [...left.values()],
      notTaken: [...notTaken],
      dropped: [...dropped].map(([table, number]) => ({ table, rows: number })),
    }),
  };
}
