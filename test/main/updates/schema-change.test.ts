import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schemaChanges, schemaSentence } from '../../../main/updates/schema-change.ts';

const schema = (...lines: string[][]) => `${lines.map((line) => line.join('\t')).join('\n')}\n`;
const id = ['wp_orders', 'id', 'bigint(20)', 'NO', 'PRI', 'auto_increment'];
const state = ['wp_orders', 'state', 'varchar(20)', 'NO', '', ''];

describe('what a migration changed', () => {
  it('is told by table and column', () => {
    const before = schema(id, state, ['wp_log', 'line', 'text']);
    const after = schema(
      id,
      [...state.slice(0, 2), 'varchar(40)', ...state.slice(3)],
      ['wp_orders', 'amount', 'decimal(10,2)'],
      ['wp_amounts', 'id', 'int'],
    );
    const changes = schemaChanges(before, after);
    expect(changes).toEqual([
      { table: 'wp_amounts', how: 'added', columns: [] },
      { table: 'wp_log', how: 'removed', columns: [] },
      {
        table: 'wp_orders',
        how: 'changed',
        columns: [
          { name: 'state', how: 'changed' },
          { name: 'amount', how: 'added' },
        ],
      },
    ]);
    expect(schemaSentence(changes)).toBe(
      'In the database it made wp_amounts; changed wp_orders (state changed, amount added); removed wp_log.',
    );
  });

  it('is told by table where whole tables are compared', () => {
    const before = schema(['wp_orders', 'CREATE TABLE wp_orders (id integer)']);
    const after = schema(['wp_orders', 'CREATE TABLE wp_orders (id integer, amount real)']);
    expect(schemaSentence(schemaChanges(before, after))).toBe('In the database it changed wp_orders.');
  });

  it('is nothing where only rows changed, and names few of many', () => {
    expect(schemaSentence(schemaChanges(schema(id, state), schema(id, state)))).toBe(
      'It left the database’s tables as they are.',
    );
    const many = Array.from({ length: 9 }, (_, at) => [`wp_${at}`, 'id', 'int']);
    expect(schemaSentence(schemaChanges('', schema(...many)))).toBe(
      'In the database it made wp_0, wp_1, wp_2, wp_3, wp_4, wp_5, 3 more tables.',
    );
  });

  it('the other way round, what was added is removed', () => {
    const name = fc.constantFrom('a', 'b', 'c', '__proto__', '');
    const lines = fc.array(fc.tuple(name, name, fc.constantFrom('int', 'text')));
    fc.assert(
      fc.property(lines, lines, (one, other) => {
        const [before, after] = [schema(...one), schema(...other)];
        const turned = { added: 'removed', removed: 'added', changed: 'changed' } as const;
        const sorted = (changes: ReturnType<typeof schemaChanges>) =>
          changes.map(({ table, how, columns }) => [
            table,
            how,
            columns.map((column) => `${column.name} ${column.how}`).sort(),
          ]);
        const back = schemaChanges(after, before).map((change) => ({
          ...change,
          how: turned[change.how],
          columns: change.columns.map((column) => ({ ...column, how: turned[column.how] })),
        }));
        expect(sorted(back)).toEqual(sorted(schemaChanges(before, after)));
      }),
    );
  });
});
