import { asProblem, isAbort, joinRemote, type RemotePath } from '../words/index.ts';
import { markLog, newFatals, type LogMark } from './error-log.ts';
import type { Hands } from './hands.ts';

/** Where each of a site's PHP logs ended, and what it knew by then. */
export type LogMarks = ReadonlyMap<RemotePath, LogMark>;

/** Where these logs end now, and which fatal errors they hold. */
export async function markLogs(hands: Hands, logs: readonly RemotePath[]): Promise<LogMarks> {
  return hands.on(
    async (connection) =>
      new Map(
        await Promise.all(
          logs.map(async (log) => [log, await markLog(connection, log, hands.signal)] as const),
        ),
      ),
  );
}

/** Where hosts write PHP's errors: what the site itself says, and the usual places beside and in the root. */
export async function logsOf(hands: Hands): Promise<RemotePath[]> {
  // A site that is too broken to be read may still be looked at.
  const reading = hands.platform.module === null ? null : await hands.reading().catch(orAbort);
  const said = reading?.facts.errorLog ?? null;
  const usual = [
    'error_log',
    '../error_log',
    '../logs/error_log',
    '../logs/error.log',
    '../logs/php-error.log',
    '../logs/php_errors.log',
  ].map((path) => joinRemote(hands.site.root, path));
  return [...new Set([...(said === null ? [] : [said]), ...usual])];
}

/** The same logs marked again: what they have gained since is known now as well. */
export async function marksAnew(hands: Hands, before: LogMarks): Promise<LogMarks> {
  const now = await markLogs(hands, [...before.keys()]);
  return new Map(
    [...now].map(([log, { size, known }]) => [
      log,
      { size, known: known.union(before.get(log)?.known ?? new Set()) },
    ]),
  );
}

/** Fatal errors that any of the logs has gained since, each once. */
export async function fatalsSince(hands: Hands, marks: LogMarks): Promise<string[]> {
  if (marks.size === 0) return [];
  const found = await hands.on((connection) =>
    Promise.all([...marks].map(([log, mark]) => newFatals(connection, log, mark, hands.signal))),
  );
  return [...new Set(found.flat())];
}

function orAbort(error: unknown): null {
  if (isAbort(error) || asProblem(error).code === 'cancelled') throw error;
  return null;
}
