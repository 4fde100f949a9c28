import type { TableRules } from '../../../platforms/index.ts';
import { Problem } from '../../../words/index.ts';
import { fieldsOf, quoted, unescaped, type Field } from './fields.ts';
import type { Places } from './places.ts';
import type { Tally } from './tally.ts';
import { valueRewriter } from './value.ts';

interface RowOf {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rules: TableRules | null;
  readonly places: Places;
  readonly tally: Tally;
}

/** Bytes of a value that rules look at. */
const LOOKED_AT = 8192;

/**
 * Rewrites rows of one table. A row is what is between its brackets.
 * @returns the row; null where it goes. @throws Problem `dump-commands` where it holds anything but literals
 */
export function rowRewriter({ table, columns, rules, places, tally }: RowOf): (row: Buffer) => Buffer | null {
  let inValue = 0;
  let column = '';
  const rewrite = valueRewriter(places, {
    places: (number) => void (inValue += number),
    left: (because) => tally.left(because, column),
  });
  const kept = new Set(rules?.keep);
  const textOf = (row: Buffer, { kind, inside: [from, to] }: Field): string | null =>
    kind === 'text' && to - from <= LOOKED_AT ? unescaped(row.subarray(from, to)).toString('utf8') : null;
  return (row) => {
    const fields = fieldsOf(row);
    if (fields?.length !== columns.length) throw notLiterals(table, row);
    tally.row();
    const named = places.mayBeIn(row);
    const set = rules?.row?.((name) => {
      const field = fields[columns.indexOf(name)];
      return field === undefined ? null : textOf(row, field);
    });
    if (set === 'drop') {
      tally.dropped(table);
      return null;
    }
    if (!named && !set && !hasHex(fields)) return row;
    const parts: Buffer[] = [];
    let done = 0;
    for (const [at, field] of fields.entries()) {
      const name = columns[at] ?? '';
      column = `${table}.${name}`;
      const now = changed(row, field, name, set ?? null);
      if (now === null) continue;
      tally.changed(table, inValue);
      parts.push(row.subarray(done, field.from), quoted(now));
      done = field.to;
    }
    return parts.length === 0 ? row : Buffer.concat([...parts, row.subarray(done)]);
  };

  function changed(
    row: Buffer,
    field: Field,
    name: string,
    set: Readonly<Record<string, string>> | null,
  ): Buffer | null {
    const raw = row.subarray(...field.inside);
    const wanted = set?.[name];
    inValue = 1;
    if (wanted !== undefined) return textOf(row, field) === wanted ? null : Buffer.from(wanted);
    if (field.kind === 'hex' ? places.mayBeInHex(raw) : field.kind === 'binary' && places.mayBeIn(raw)) {
      tally.left('binary', column);
      return null;
    }
    if (field.kind !== 'text' || !places.mayBeIn(raw)) return null;
    const text = unescaped(raw);
    inValue = 0;
    if (kept.has(name)) {
      if (places.replace(text.toString('latin1')).places > 0) tally.left('kept', column);
      return null;
    }
    const now = rewrite(text);
    return now === text ? null : now;
  }
}

function hasHex(fields: readonly Field[]): boolean {
  return fields.some(({ kind }) => kind === 'hex');
}

function notLiterals(table: string, row: Buffer): Problem {
  return new Problem({
    code: 'dump-commands',
    message:
      'The database in this backup holds rows that are more than values, so it is not put into another site.',
    attempted: `Read the rows of ${table}`,
    answered: row.subarray(0, 200).toString('utf8'),
    todo: 'Restore it to a folder on this computer and look at it, or import it by hand.',
  });
}
