import type { Command as Commander } from 'commander';
import type { Cell } from '../../../backups/index.ts';
import { bytesInWords, Problem, shorten } from '../../../words/index.ts';
import type { Command } from '../context.ts';
import { backupNamed } from './backup-named.ts';

type Act = (work: (command: Command) => Promise<void>) => Promise<void>;

/** `backups tables`, `backups rows` */
export function tableCommands(backups: Commander, act: Act): void {
  backups
    .command('tables')
    .argument('<backup>')
    .description('the tables of a backup’s database')
    .action((id: string) =>
      act(async (command) => {
        const tables = await command.client.backups.tables({ backupId: await backupNamed(command, id) });
        command.out.result(tables, {
          columns: ['table', 'rows', 'size'],
          rows: tables.map(({ name, kind, rows, bytes }) => [
            name,
            kind === 'view' ? 'view' : String(rows),
            kind === 'view' || bytes === null ? '' : bytesInWords(bytes),
          ]),
        });
      }),
    );
  backups
    .command('rows')
    .argument('<backup>')
    .argument('<table>')
    .option('--limit <n>', 'at most so many rows', '20')
    .option('--from <n>', 'from this row on, the first being 0', '0')
    .option('--find <text>', 'only rows with this text in one of their values', '')
    .description('rows of a table in a backup; long values are cut')
    .action((id: string, table: string, options: { limit: string; from: string; find: string }) =>
      act(async (command) => {
        const backupId = await backupNamed(command, id);
        const wanted = { limit: numberIn('--limit', options.limit), from: numberIn('--from', options.from) };
        const found = await rowsOf(command, { backupId, table, find: options.find, ...wanted });
        command.out.result(found, {
          columns: ['row', ...found.columns],
          rows: found.rows.map(({ at, cells }) => [String(at), ...cells.map(shown)]),
        });
        if (found.next !== null) command.out.say(`More rows follow: --from ${found.next}`);
      }),
    );
}

/** Pages are asked for until there are as many rows as wanted. */
async function rowsOf(
  { client }: Command,
  wanted: Parameters<Command['client']['backups']['rows']>[0] & { limit: number; from: number },
) {
  const first = await client.backups.rows({ ...wanted, limit: Math.min(500, wanted.limit) });
  let { next } = first;
  const rows = [...first.rows];
  while (next !== null && rows.length < wanted.limit) {
    const limit = Math.min(500, wanted.limit - rows.length);
    const more = await client.backups.rows({ ...wanted, from: next, limit });
    rows.push(...more.rows);
    next = more.next;
  }
  return { columns: first.columns, rows, next };
}

/** NULL is told from the text “NULL” by its brackets, and bytes from text by how they begin. */
function shown(cell: Cell): string {
  switch (cell.kind) {
    case 'null':
      return '(NULL)';
    case 'number':
      return cell.text;
    case 'text':
      return cell.whole ? shorten(cell.text, 80) : `${shorten(cell.text, 80)} (${bytesInWords(cell.bytes)})`;
    case 'binary':
      return cell.bytes <= 16 ? `0x${cell.hex}` : `0x${cell.hex.slice(0, 16)}… (${bytesInWords(cell.bytes)})`;
  }
}

function numberIn(option: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && (option === '--from' || number > 0)) return number;
  throw new Problem({ code: 'usage', message: `${option} takes a whole number, not “${text}”.` });
}
