import type { Database } from '../database/index.ts';
import { readJson, RunId, SiteId, type Clock } from '../words/index.ts';
import { KeptTree } from './run-plan.ts';

export interface KeptRecord {
  readonly runId: RunId;
  readonly siteId: SiteId;
  readonly tree: KeptTree;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Old trees that still lie on sites, for instant rollback. */
export interface KeptTrees {
  keep(runId: RunId, siteId: SiteId, tree: KeptTree, days: number): Promise<void>;
  all(): Promise<KeptRecord[]>;
  /** Newest first. */
  of(siteId: SiteId): Promise<KeptRecord[]>;
  get(runId: RunId): Promise<KeptRecord | null>;
  forget(runId: RunId): Promise<void>;
}

export function openKeptTrees(database: Database, clock: Clock): KeptTrees {
  const recordOf = (row: {
    run_id: string;
    site_id: string;
    kept: string;
    created_at: number;
    expires_at: number;
  }): KeptRecord => ({
    runId: RunId.parse(row.run_id),
    siteId: SiteId.parse(row.site_id),
    tree: readJson(KeptTree, row.kept),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  });
  return {
    async keep(runId, siteId, tree, days) {
      const now = clock();
      const values = { kept: JSON.stringify(tree), created_at: now, expires_at: now + days * 86_400_000 };
      await database
        .insertInto('kept_trees')
        .values({ run_id: runId, site_id: siteId, ...values })
        .onConflict((c) => c.column('run_id').doUpdateSet(values))
        .execute();
    },
    all: async () => (await database.selectFrom('kept_trees').selectAll().execute()).map(recordOf),
    async of(siteId) {
      const rows = await database
        .selectFrom('kept_trees')
        .selectAll()
        .where('site_id', '=', siteId)
        .orderBy('created_at', 'desc')
        .execute();
      return rows.map(recordOf);
    },
    async get(runId) {
      const row = await database
        .selectFrom('kept_trees')
        .selectAll()
        .where('run_id', '=', runId)
        .executeTakeFirst();
      return row ? recordOf(row) : null;
    },
    async forget(runId) {
      await database.deleteFrom('kept_trees').where('run_id', '=', runId).execute();
    },
  };
}
