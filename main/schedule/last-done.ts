import type { Database } from '../database/index.ts';

/** When each duty was last done, through restarts. */
export interface LastDone {
  of(duty: string): Promise<number | null>;
  set(duty: string, at: number): Promise<void>;
}

export function openLastDone(database: Database): LastDone {
  return {
    async of(duty) {
      const row = await database
        .selectFrom('duties')
        .select('done_at')
        .where('name', '=', duty)
        .executeTakeFirst();
      return row?.done_at ?? null;
    },
    async set(duty, at) {
      await database
        .insertInto('duties')
        .values({ name: duty, done_at: at })
        .onConflict((c) => c.column('name').doUpdateSet({ done_at: at }))
        .execute();
    },
  };
}
