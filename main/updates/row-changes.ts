import { counted } from '../words/index.ts';
import type { StoredDatabase } from '../backups/index.ts';

/** A table that has another number of rows than it had; 0: it was not, or is not there. */
export interface RowChange {
  readonly table: string;
  readonly before: number;
  readonly now: number;
}

/** Most tables that a sentence names. */
const NAMED = 8;

/** What putting a dump back does to the tables, in words; empty: all have as many rows as then. */
export function rowSentence(changes: readonly RowChange[]): string {
  if (changes.length === 0) return '';
  const named = changes
    .slice(0, NAMED)
    .map(({ table, before, now }) => `${table} from ${now} rows back to ${before}`);
  const more = changes.length - NAMED;
  return `With the database go ${named.join(', ')}${more > 0 ? ` and ${counted(more, 'more table')}` : ''}.`;
}

/** Tables whose numbers of rows differ, in the order of their names. */
export function rowChanges(before: StoredDatabase['tables'], now: StoredDatabase['tables']): RowChange[] {
  const names = [...new Set([...before, ...now].map((table) => table.name))].sort();
  return names.flatMap((table) => {
    const was = before.find((one) => one.name === table)?.rows ?? 0;
    const is = now.find((one) => one.name === table)?.rows ?? 0;
    return was === is ? [] : [{ table, before: was, now: is }];
  });
}
