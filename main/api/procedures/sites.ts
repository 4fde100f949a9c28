import { implement } from '@orpc/server';
import { LeaveOutRule } from '../../backups/index.ts';
import type { Inventory } from '../../platforms/index.ts';
import { backupInterval, isOverdue } from '../../policies/index.ts';
import { exportSites, importSites, type Site } from '../../sites/index.ts';
import { counted, Problem, type SiteId } from '../../words/index.ts';
import { contract, type Secrets, type SiteDetails, type SiteSummary } from '../contract.ts';
import type { Services } from '../services.ts';

/** What sites there are, and how they fare. */
export function siteProcedures(services: Services) {
  const api = implement(contract).sites;
  const { sites, history, secrets, store, records } = services;

  return {
    list: api.list.handler(() => summaries(services, sites.list())),
    show: api.show.handler(async ({ input }): Promise<SiteDetails> => {
      const site = sites.get(input.siteId);
      const [summary] = await summaries(services, [site]);
      if (!summary) throw new Error('a site without a summary');
      const kept = await services.updates.kept.of(site.id);
      return {
        summary,
        inventory: await records.inventory(site.id),
        updates: await records.updates(site.id),
        undoable: kept.map(({ runId, tree, createdAt }) => ({
          runId,
          title: tree.parts.map((part) => `${part.name} ${part.from} → ${part.to}`).join(', '),
          endedAt: createdAt,
        })),
      };
    }),
    find: api.find.handler(({ input }) => sites.find(input.nameOrId)),
    add: api.add.handler(async ({ input }) => {
      services.platforms.get(input.draft.platform);
      const site = sites.add(input.draft);
      await saveSecrets(services, site.id, input.secrets);
      await history.add({
        siteId: site.id,
        siteName: site.name,
        runId: null,
        kind: 'site-added',
        outcome: 'done',
        summary: `${site.name} was added.`,
      });
      return site;
    }),
    edit: api.edit.handler(async ({ input }) => {
      if (input.edit.platform !== undefined) services.platforms.get(input.edit.platform);
      for (const rule of input.edit.settings?.backups.leaveOut ?? []) refuseBadRule(rule);
      const site = sites.edit(input.siteId, input.edit);
      await saveSecrets(services, site.id, input.secrets);
      await history.add({
        siteId: site.id,
        siteName: site.name,
        runId: null,
        kind: 'site-edited',
        outcome: 'done',
        summary: `${site.name} was edited: ${Object.keys(input.edit).join(', ')}.`,
      });
      return site;
    }),
    remove: api.remove.handler(async ({ input }) => {
      const site = sites.get(input.siteId);
      let backupsDeleted = 0;
      let backupsPinned = 0;
      if (input.backups === 'delete') {
        for (const backup of await store.list(site.id)) {
          if (backup.pin !== null) {
            backupsPinned += 1;
            continue;
          }
          await store.remove(backup.id);
          backupsDeleted += 1;
        }
      }
      sites.remove(site.id);
      secrets.forget(`${site.id}:`);
      await records.forget(site.id);
      const fate =
        input.backups === 'keep'
          ? 'Its backups were kept.'
          : `${counted(backupsDeleted, 'backup was', 'backups were')} deleted.${backupsPinned === 0 ? '' : ` ${counted(backupsPinned, 'pinned one stays', 'pinned ones stay')}.`}`;
      await history.add({
        siteId: site.id,
        siteName: site.name,
        runId: null,
        kind: 'site-removed',
        outcome: 'done',
        summary: `${site.name} was removed. ${fate}`,
      });
      return { backupsDeleted, backupsPinned };
    }),
    exportAll: api.exportAll.handler(({ input }) => ({
      fileName: `groundskeeper-sites-${new Date(services.clock()).toISOString().slice(0, 10)}.${input.format}`,
      text: exportSites(sites.list(), input.format),
    })),
    importAll: api.importAll.handler(async ({ input }) => {
      const result = importSites(sites, input.format, input.text);
      if (result.added.length > 0) {
        await history.add({
          siteId: null,
          siteName: null,
          runId: null,
          kind: 'site-added',
          outcome: 'done',
          summary: `${result.added.length} sites were imported.`,
        });
      }
      return result;
    }),
  };
}

/** Keeps what was typed for a site's connection where secrets rest. */
export async function saveSecrets(
  { secrets }: Pick<Services, 'secrets'>,
  siteId: SiteId,
  given: Secrets,
): Promise<void> {
  for (const { hop, password } of given.passwords) await secrets.set(`${siteId}:password:${hop}`, password);
  for (const { hop, passphrase } of given.passphrases)
    await secrets.set(`${siteId}:passphrase:${hop}`, passphrase);
}

async function summaries(services: Services, sites: readonly Site[]): Promise<SiteSummary[]> {
  const [inventories, results, backups, updates] = await Promise.all([
    services.records.inventories(),
    services.records.results(),
    // Sites are shown while the backups are locked as well.
    services.store.state().locked ? [] : services.store.list(),
    services.records.updates(),
  ]);
  const live = services.runs.live();
  const waiting = Map.groupBy(updates, (update) => update.siteId);
  const { locked } = services.store.state();
  const lastBackup = new Map<SiteId, number>();
  const proved = new Map<SiteId, number>();
  for (const { siteId, takenAt, proof } of backups) {
    if (!lastBackup.has(siteId)) lastBackup.set(siteId, takenAt);
    if (proof !== null) proved.set(siteId, Math.max(proof.at, proved.get(siteId) ?? 0));
  }
  const wishes = services.settings.get().backups;
  return sites.map((site) => {
    const inventory: Inventory | undefined = inventories.get(site.id);
    const result = results.get(site.id);
    const mine = waiting.get(site.id) ?? [];
    const running = live.find((run) => run.siteId === site.id) ?? null;
    const fitting = mine.filter((update) => update.obstacles.length === 0).length;
    return {
      site,
      state: running
        ? 'working'
        : result === undefined
          ? 'unchecked'
          : result.problem !== null
            ? 'failed'
            : mine.length > 0
              ? 'waiting'
              : 'ok',
      coreVersion: inventory?.components.find((component) => component.kind === 'core')?.version ?? null,
      php: inventory?.php ?? null,
      waiting: {
        total: mine.length,
        fitting,
        security: mine.filter((update) => update.kind === 'security' || update.kind === 'hotfix').length,
        major: mine.filter((update) => update.kind === 'major').length,
      },
      checkedAt: result?.checkedAt ?? null,
      backedUpAt: lastBackup.get(site.id) ?? null,
      // While the backups are locked, when a site was backed up is not known.
      overdue:
        !locked &&
        isOverdue(
          services.clock(),
          {
            last: lastBackup.get(site.id) ?? null,
            addedAt: site.addedAt,
            every: backupInterval(site.settings.backups.every, wishes),
          },
          wishes.overdueDays,
        ),
      provedAt: proved.get(site.id) ?? null,
      problem: result?.problem ?? null,
      running: running === null ? null : { id: running.id, kind: running.kind, title: running.title },
    };
  });
}

/** @throws Problem `bad-rule` */
function refuseBadRule(rule: string): void {
  const checked = LeaveOutRule.safeParse(rule);
  if (checked.success) return;
  throw new Problem({
    code: 'bad-rule',
    message: `“${rule}” cannot be a rule for what is left out.`,
    attempted: 'Read the rules',
    answered: checked.error.issues.map(({ message }) => message).join('; '),
    todo: 'Write it as in a .gitignore: `*.mp4`, `/uploads/video/`, `!keep.mp4`.',
  });
}
