import type { Database } from '../database/index.ts';
import { createSignal, type Clock, type RunId, type Signal, type SiteId } from '../words/index.ts';
import { HistoryEntry } from './entry.ts';

export type NewEntry = Omit<HistoryEntry, 'id' | 'at'>;

/** The audit trail: lines are added, never changed. */
export interface History {
  add(entry: NewEntry): Promise<void>;
  /** Newest first. */
  list(filter: {
    siteId?: SiteId | undefined;
    runId?: RunId | undefined;
    limit: number;
  }): Promise<HistoryEntry[]>;
  readonly added: Signal<SiteId | null>;
}

export function openHistory(database: Database, clock: Clock): History {
  const added = createSignal<SiteId | null>();
  return {
    added,
    async add(entry) {
      await database
        .insertInto('history')
        .values({
          at: clock(),
          site_id: entry.siteId,
          site_name: entry.siteName,
          run_id: entry.runId,
          kind: entry.kind,
          outcome: entry.outcome,
          summary: entry.summary,
        })
        .execute();
      added.emit(entry.siteId);
    },
    async list({ siteId, runId, limit }) {
      let query = database.selectFrom('history').selectAll().orderBy('id', 'desc').limit(limit);
      if (siteId !== undefined) query = query.where('site_id', '=', siteId);
      if (runId !== undefined) query = query.where('run_id', '=', runId);
      const rows = await query.execute();
      return rows.map((row) =>
        HistoryEntry.parse({
          id: row.id,
          at: row.at,
          siteId: row.site_id,
          siteName: row.site_name,
          runId: row.run_id,
          kind: row.kind,
          outcome: row.outcome,
          summary: row.summary,
        }),
      );
    },
  };
}
