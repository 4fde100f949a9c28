import { Problem } from '../../../words/index.ts';

/** @param answered which */
export function noSuchTable(answered: string): Problem {
  return new Problem({
    code: 'no-such-table',
    message: 'There is no such table in this backup.',
    answered,
    todo: '`backups tables` shows what is there.',
  });
}
