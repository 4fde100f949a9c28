import { readable } from '../../../main/backups/database/dump/readable.ts';
import type { BackupTable, Cell, TableRows, WholeCell } from '../../../main/backups/index.ts';
import { Problem } from '../../../main/words/index.ts';

const text = (value: string, most = 240): Cell => ({
  kind: 'text',
  text: value.slice(0, most),
  bytes: Buffer.byteLength(value),
  whole: value.length <= most,
});
const number = (value: number): Cell => ({ kind: 'number', text: String(value) });

const ROLES =
  'a:2:{s:13:"administrator";a:2:{s:4:"name";s:13:"Administrator";s:12:"capabilities";a:1:{s:14:"manage_options";b:1;}}s:6:"editor";a:2:{s:4:"name";s:6:"Editor";s:12:"capabilities";a:0:{}}}';
const OPTIONS: readonly (readonly [string, string])[] = [
  ['siteurl', 'https://bakery.example'],
  ['blogname', 'Hollyhock Bakery 🥐'],
  ['wp_user_roles', ROLES],
  ['widget_text', 'a:1:{i:2;a:1:{s:5:"title";s:12:"NULL & <b>x";}}'],
];

interface Sample {
  readonly table: BackupTable;
  readonly columns: readonly string[];
  row(at: number, most?: number): readonly Cell[];
}

const SAMPLES: readonly Sample[] = [
  {
    table: { name: 'wp_options', kind: 'table', rows: OPTIONS.length, bytes: 1234 },
    columns: ['option_id', 'option_name', 'option_value', 'autoload'],
    row: (at, most) => {
      const [name = '', value = ''] = OPTIONS[at] ?? [];
      return [number(at + 1), text(name), text(value, most), text('yes')];
    },
  },
  {
    table: { name: 'wp_posts', kind: 'table', rows: 640, bytes: 840_000 },
    columns: ['ID', 'post_date', 'post_title', 'post_content', 'post_password', 'photo'],
    row: (at, most) => [
      number(at + 1),
      text('0000-00-00 00:00:00'),
      text(`Opening hours ${at + 1}`),
      text(`<!-- wp:paragraph --><p>Open from ${at % 12} o’clock.</p>\n`.repeat(1 + (at % 40)), most),
      at % 3 === 0 ? { kind: 'null' } : text(at % 3 === 1 ? '' : 'NULL'),
      { kind: 'binary', hex: '89504e470d0a1a0a', bytes: 12_288, whole: false },
    ],
  },
  { table: { name: 'wp_sales', kind: 'view', rows: 0, bytes: 0 }, columns: [], row: () => [] },
  {
    table: { name: 'wp_terms', kind: 'table', rows: 0, bytes: 0 },
    columns: ['term_id', 'name'],
    row: () => [],
  },
];

/** The tables that every sample backup holds. */
export const sampleTables = (): BackupTable[] => SAMPLES.map(({ table }) => table);

export function sampleRows(wanted: { table: string; from: number; limit: number; find: string }): TableRows {
  const sample = named(wanted.table);
  const rows: TableRows['rows'] = [];
  let at = wanted.from;
  for (; at < sample.table.rows && rows.length < wanted.limit; at += 1) {
    const cells = [...sample.row(at)];
    const found = cells.some(
      (cell) => 'text' in cell && cell.text.toLowerCase().includes(wanted.find.toLowerCase()),
    );
    if (found) rows.push({ at, cells });
  }
  return { columns: [...sample.columns], rows, next: at < sample.table.rows ? at : null };
}

export function sampleCell({ table, at, column }: { table: string; at: number; column: number }): WholeCell {
  const sample = named(table);
  const cell = sample.row(at, 1_000_000)[column] ?? { kind: 'null' };
  return {
    column: sample.columns[column] ?? '',
    cell,
    readable: cell.kind === 'text' ? readable(cell.text) : null,
  };
}

function named(name: string): Sample {
  const sample = SAMPLES.find(({ table }) => table.name === name);
  if (sample) return sample;
  throw new Problem({ code: 'no-such-table', message: 'There is no such table in this backup.' });
}
