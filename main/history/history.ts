import { sql } from 'kysely';
import type { Database } from '../database/index.ts';
import { createSignal, type Clock, type RunId, type Signal, type SiteId } from '../words/index.ts';
import { BEGINNING, checkLinks, linkOf, type Checked } from './chain.ts';
import { HistoryEntry } from './entry.ts';

export type NewEntry = Omit<HistoryEntry, 'id' | 'at' | 'link' | 'evidence'> & {
  readonly evidence?: string | null;
};

/** The audit trail: lines are added, never changed, and each is tied to the one before it. */
export interface History {
  add(entry: NewEntry): Promise<void>;
  /** Newest first. */
  list(filter: {
    siteId?: SiteId | undefined;
    runId?: RunId | undefined;
    limit: number;
  }): Promise<HistoryEntry[]>;
  /** All of it, oldest first. */
  all(): Promise<HistoryEntry[]>;
  /** Whether nothing was changed, removed or put in between since it was written. */
  check(): Promise<Checked>;
  readonly added: Signal<SiteId | null>;
}

export function openHistory(database: Database, clock: Clock): History {
  const added = createSignal<SiteId | null>();
  const all = async () => {
    const rows = await database.selectFrom('history').selectAll().orderBy('id').execute();
    return rows.map(entryOf);
  };
  const write = async ({ evidence = null, ...entry }: NewEntry) => {
    await database.transaction().execute(async (within) => {
      const last = await within
        .selectFrom('history')
        .select(['id', 'link'])
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      const next = { ...entry, evidence, id: (last?.id ?? 0) + 1, at: clock() };
      await within
        .insertInto('history')
        .values({
          id: next.id,
          at: next.at,
          site_id: next.siteId,
          site_name: next.siteName,
          run_id: next.runId,
          kind: next.kind,
          outcome: next.outcome,
          summary: next.summary,
          evidence,
          link: linkOf(last?.link ?? BEGINNING, next),
        })
        .execute();
    });
    added.emit(entry.siteId);
  };
  // Entries from before there were links get theirs before the first one is added; one after the other.
  let queue: Promise<unknown> = tieOldOnes(database);
  return {
    added,
    add(entry) {
      const written = queue.then(() => write(entry));
      queue = written.catch(() => {});
      return written;
    },
    async list({ siteId, runId, limit }) {
      let query = database.selectFrom('history').selectAll().orderBy('id', 'desc').limit(limit);
      if (siteId !== undefined) query = query.where('site_id', '=', siteId);
      if (runId !== undefined) query = query.where('run_id', '=', runId);
      return (await query.execute()).map(entryOf);
    },
    async all() {
      await queue;
      return all();
    },
    async check() {
      await queue;
      return checkLinks(await all());
    },
  };
}

interface Row {
  readonly id: number;
  readonly at: number;
  readonly site_id: string | null;
  readonly site_name: string | null;
  readonly run_id: string | null;
  readonly kind: string;
  readonly outcome: string;
  readonly summary: string;
  readonly evidence: string | null;
  readonly link: string;
}

function entryOf(row: Row): HistoryEntry {
  return HistoryEntry.parse({
    id: row.id,
    at: row.at,
    siteId: row.site_id,
    siteName: row.site_name,
    runId: row.run_id,
    kind: row.kind,
    outcome: row.outcome,
    summary: row.summary,
    evidence: row.evidence,
    link: row.link,
  });
}

async function tieOldOnes(database: Database): Promise<void> {
  const untied = await sql<{ many: number }>`SELECT count(*) AS many FROM history WHERE link = ''`.execute(
    database,
  );
  if (untied.rows[0]?.many === 0) return;
  await database.transaction().execute(async (within) => {
    let previous = BEGINNING;
    for (const row of await within.selectFrom('history').selectAll().orderBy('id').execute()) {
      const link = row.link === '' ? linkOf(previous, entryOf(row)) : row.link;
      if (row.link === '')
        await within.updateTable('history').set({ link }).where('id', '=', row.id).execute();
      previous = link;
    }
  });
}
