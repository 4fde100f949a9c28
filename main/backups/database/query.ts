import { perform, type DatabaseWork } from './tools.ts';

/**
 * Runs small statements of ours on a database of MySQL, MariaDB or SQLite, each on a line of its own.
 * @param statements without newlines; what is put into them is quoted by the caller
 * @returns the rows of all that answer with rows
 */
export async function queryRows(work: DatabaseWork, statements: readonly string[]): Promise<string[][]> {
  if (work.access.kind === 'postgresql') throw new TypeError('not asked of PostgreSQL');
  const text = statements.map((statement) => `${statement};`).join('\n');
  const { stdout } = await perform(
    work,
    'Ask the database',
    'query',
    work.access.kind === 'sqlite' ? { file: text, kept: '' } : { file: '', kept: text },
    {},
  );
  return stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

/** How many bytes the site's tables hold, as far as the database says; 0 for PostgreSQL. */
export async function databaseBytes(work: DatabaseWork): Promise<number> {
  const { access } = work;
  if (access.kind === 'postgresql') return 0;
  const sql =
    access.kind === 'sqlite'
      ? 'SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()'
      : bytesQuery(access.prefix);
  return bytesSaid(await queryRows(work, [sql]));
}

/** Asks MySQL or MariaDB how many bytes the tables of a site hold. */
export function bytesQuery(prefix: string): string {
  return `SELECT SUM(DATA_LENGTH) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, ${prefix.length}) = ${inSql(prefix)}`;
}

/** What was answered to {@link bytesQuery}. */
export function bytesSaid([row]: readonly (readonly string[])[]): number {
  const bytes = Number(row?.[0]);
  return Number.isFinite(bytes) ? bytes : 0;
}

/** Asks MySQL or MariaDB what the tables of a database are made of, in the columns that `readSchema` gives as text. */
export const SCHEMA_QUERY =
  'SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_KEY, EXTRA, HEX(COLUMN_DEFAULT), COLLATION_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1, ORDINAL_POSITION';

/** A text as a literal that needs no quoting in any mode of the server. */
function inSql(text: string): string {
  const hex = Buffer.from(text, 'utf8').toString('hex');
  return hex === '' ? "''" : `0x${hex}`;
}
