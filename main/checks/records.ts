import { z } from 'zod';
import type { Database } from '../database/index.ts';
import { Inventory } from '../platforms/index.ts';
import { ProblemShape, readJson, type SiteId } from '../words/index.ts';
import { Update } from './update.ts';

/** What a check found of one site. `inventory` null: what was known before stands. */
export interface Checked {
  readonly siteId: SiteId;
  readonly checkedAt: number;
  readonly inventory: Inventory | null;
  readonly problem: ProblemShape | null;
}

/** What the last check of each site found. */
export interface CheckRecords {
  inventory(siteId: SiteId): Promise<Inventory | null>;
  inventories(): Promise<Map<string, Inventory>>;
  saveInventory(siteId: SiteId, inventory: Inventory): Promise<void>;
  updates(siteId?: SiteId): Promise<Update[]>;
  saveUpdates(siteId: SiteId, updates: readonly Update[]): Promise<void>;
  results(): Promise<Map<string, { checkedAt: number; problem: ProblemShape | null }>>;
  saveResult(siteId: SiteId, checkedAt: number, problem: ProblemShape | null): Promise<void>;
  /** Writes down what was found of several sites at once: one wait for the disk instead of two for each. */
  saveChecked(checked: readonly Checked[]): Promise<void>;
  forget(siteId: SiteId): Promise<void>;
}

/** Records over the database; each row is parsed once and kept in memory, because lists ask for all of them. */
export function openCheckRecords(database: Database): CheckRecords {
  const saveInventory = async (on: Database, siteId: SiteId, inventory: Inventory) => {
    const values = { inventory: JSON.stringify(inventory), read_at: inventory.readAt };
    await on
      .insertInto('inventories')
      .values({ site_id: siteId, ...values })
      .onConflict((c) => c.column('site_id').doUpdateSet(values))
      .execute();
  };
  const saveResult = async (
    on: Database,
    siteId: SiteId,
    checkedAt: number,
    problem: ProblemShape | null,
  ) => {
    const values = { checked_at: checkedAt, problem: problem === null ? null : JSON.stringify(problem) };
    await on
      .insertInto('check_results')
      .values({ site_id: siteId, ...values })
      .onConflict((c) => c.column('site_id').doUpdateSet(values))
      .execute();
  };
  let inventories: Promise<Map<string, Inventory>> | null = null;
  let updates: Promise<Map<string, readonly Update[]>> | null = null;
  const allInventories = () =>
    (inventories ??= database
      .selectFrom('inventories')
      .select(['site_id', 'inventory'])
      .execute()
      .then((rows) => new Map(rows.map((row) => [row.site_id, readJson(Inventory, row.inventory)]))));
  const allUpdates = () =>
    (updates ??= database
      .selectFrom('releases')
      .select(['site_id', 'updates'])
      .execute()
      .then((rows) => new Map(rows.map((row) => [row.site_id, readJson(z.array(Update), row.updates)]))));
  return {
    inventory: async (siteId) => (await allInventories()).get(siteId) ?? null,
    inventories: async () => new Map(await allInventories()),
    async saveInventory(siteId, inventory) {
      await saveInventory(database, siteId, inventory);
      (await allInventories()).set(siteId, inventory);
    },
    async updates(siteId) {
      const all = await allUpdates();
      return siteId === undefined ? [...all.values()].flat() : [...(all.get(siteId) ?? [])];
    },
    async saveUpdates(siteId, found) {
      const values = { updates: JSON.stringify(found) };
      await database
        .insertInto('releases')
        .values({ site_id: siteId, ...values })
        .onConflict((conflict) => conflict.column('site_id').doUpdateSet(values))
        .execute();
      (await allUpdates()).set(siteId, found);
    },
    async results() {
      const rows = await database.selectFrom('check_results').selectAll().execute();
      return new Map(
        rows.map((row) => [
          row.site_id,
          {
            checkedAt: row.checked_at,
            problem: row.problem === null ? null : readJson(ProblemShape, row.problem),
          },
        ]),
      );
    },
    saveResult: (siteId, checkedAt, problem) => saveResult(database, siteId, checkedAt, problem),
    async saveChecked(checked) {
      await database.transaction().execute(async (transaction) => {
        for (const { siteId, checkedAt, inventory, problem } of checked) {
          if (inventory) await saveInventory(transaction, siteId, inventory);
          await saveResult(transaction, siteId, checkedAt, problem);
        }
      });
      const known = await allInventories();
      for (const { siteId, inventory } of checked) if (inventory) known.set(siteId, inventory);
    },
    async forget(siteId) {
      for (const table of ['inventories', 'check_results', 'releases'] as const) {
        await database.deleteFrom(table).where('site_id', '=', siteId).execute();
      }
      (await allInventories()).delete(siteId);
      (await allUpdates()).delete(siteId);
    },
  };
}
