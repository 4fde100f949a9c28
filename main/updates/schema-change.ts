import { z } from 'zod';
import { counted } from '../words/index.ts';

const How = z.enum(['added', 'removed', 'changed']);

/** What became of one table's schema. */
export const SchemaChange = z.object({
  table: z.string(),
  how: How,
  /** Of a table that is new or gone: none. Of SQLite's: none, since a whole table is compared there. */
  columns: z.array(z.object({ name: z.string(), how: How })),
});
export type SchemaChange = z.infer<typeof SchemaChange>;

/** Most tables that a sentence names. */
const NAMED = 6;

/**
 * What differs between two schemas.
 * @param before as `readSchema` gives it: lines of table, column and the rest, or of table and the rest
 */
export function schemaChanges(before: string, after: string): SchemaChange[] {
  const [was, is] = [tablesOf(before), tablesOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((table): SchemaChange[] => {
    const [old, now] = [was.get(table), is.get(table)];
    if (old === undefined) return [{ table, how: 'added', columns: [] }];
    if (now === undefined) return [{ table, how: 'removed', columns: [] }];
    const columns = [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
      const [one, other] = [old.get(name), now.get(name)];
      if (one === other) return [];
      return [
        { name, how: one === undefined ? 'added' : other === undefined ? 'removed' : 'changed' } as const,
      ];
    });
    if (columns.length === 0) return [];
    return [{ table, how: 'changed', columns: columns.filter(({ name }) => name !== '') }];
  });
}

/** The changes in words, e.g. `In the database it made wp_a and changed wp_b (amount added).` */
export function schemaSentence(changes: readonly SchemaChange[]): string {
  if (changes.length === 0) return 'It left the database’s tables as they are.';
  const told = (how: SchemaChange['how'], verb: string) => {
    const those = changes.filter((change) => change.how === how);
    const more = those.length > NAMED ? [counted(those.length - NAMED, 'more table')] : [];
    const named = [...those.slice(0, NAMED).map(tableInWords), ...more];
    return named.length === 0 ? [] : [`${verb} ${named.join(', ')}`];
  };
  const done = [...told('added', 'made'), ...told('changed', 'changed'), ...told('removed', 'removed')];
  return `In the database it ${done.join('; ')}.`;
}

function tableInWords({ table, columns }: SchemaChange): string {
  const named = columns.slice(0, NAMED).map(({ name, how }) => `${name} ${how}`);
  if (columns.length > NAMED) named.push(`${columns.length - NAMED} more`);
  return named.length === 0 ? table : `${table} (${named.join(', ')})`;
}

/** Of each table its columns, and what they are; a table that comes as a whole has one without a name. */
function tablesOf(schema: string): Map<string, Map<string, string>> {
  const tables = new Map<string, Map<string, string>>();
  for (const line of schema.split('\n').filter((one) => one !== '')) {
    const [table = '', ...rest] = line.split('\t');
    const columns = tables.get(table) ?? new Map<string, string>();
    if (rest.length > 1) columns.set(rest[0] ?? '', rest.slice(1).join('\t'));
    else columns.set('', rest.join('\t'));
    tables.set(table, columns);
  }
  return tables;
}
