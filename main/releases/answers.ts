import { createHash } from 'node:crypto';
import type { Database } from '../database/index.ts';
import type { Clock } from '../words/index.ts';

/** What sources answered, kept as long as they allow. */
export interface Answers {
  /** The answer to a question, from the cache while it is fresh, and asked only once at a time. */
  get(
    question: string,
    force: boolean,
    ask: () => Promise<{ answer: string; freshMillis: number }>,
  ): Promise<string>;
}

/** Sources are asked at most hourly, whatever they say. */
const AT_LEAST = 3_600_000;
const AT_MOST = 7 * 24 * 3_600_000;

export function openAnswers(database: Database, clock: Clock): Answers {
  const asking = new Map<string, Promise<string>>();
  return {
    async get(text, force, ask) {
      const question = createHash('sha256').update(text).digest('hex');
      const under = asking.get(question);
      if (under) return under;
      const work = (async () => {
        const row = await database
          .selectFrom('source_answers')
          .selectAll()
          .where('question', '=', question)
          .executeTakeFirst();
        if (row && !force && row.expires_at > clock() && row.asked_at <= clock()) return row.answer;
        const { answer, freshMillis } = await ask();
        const kept = {
          answer,
          asked_at: clock(),
          expires_at: clock() + Math.min(AT_MOST, Math.max(AT_LEAST, freshMillis)),
          etag: null,
        };
        await database
          .insertInto('source_answers')
          .values({ question, ...kept })
          .onConflict((conflict) => conflict.column('question').doUpdateSet(kept))
          .execute();
        await database
          .deleteFrom('source_answers')
          .where('expires_at', '<', clock() - AT_MOST)
          .execute();
        return answer;
      })();
      asking.set(question, work);
      try {
        return await work;
      } finally {
        asking.delete(question);
      }
    },
  };
}

/** Milliseconds that an HTTP answer says it stays fresh (RFC 9111, `max-age`); 0 where it says nothing. */
export function freshnessOf(headers: Headers): number {
  const seconds = /max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1];
  return seconds === undefined ? 0 : Number(seconds) * 1000;
}
