import { Problem } from '../../words/index.ts';
import type { Snapshot, StoredDatabase } from '../store/types.ts';

/** The database that a backup holds. @throws Problem `no-dump` */
export function databaseIn({ database }: Pick<Snapshot, 'database'>): StoredDatabase {
  if (database !== null) return database;
  throw new Problem({
    code: 'no-dump',
    message: 'This backup holds no database.',
    todo: 'Choose another backup.',
  });
}

/** What is said where a dump is of another kind of database than the site has. */
export function otherDatabase(): Problem {
  return new Problem({
    code: 'other-database',
    message: 'The backup was made of another kind of database than the site has now.',
    todo: 'Restore it to a folder and import it by hand.',
  });
}
