import { EventPublisher, createRouterClient, implement } from '@orpc/server';
import { type AppEvent, type Client, contract } from '../../../main/api/index.ts';
import { decide, RetentionPolicy, type Backup, type StoreState } from '../../../main/backups/index.ts';
import { exportHistory, type HistoryEntry } from '../../../main/history/index.ts';
import { storyOf, storyText, type RunKind } from '../../../main/runs/index.ts';
import { PreferencesEdit, Preferences } from '../../../main/settings/index.ts';
import { Site } from '../../../main/sites/index.ts';
import type { RepairChoice } from '../../../main/updates/index.ts';
import { BackupId, Problem, type RunId, type SiteId, newSiteId } from '../../../main/words/index.ts';
import {
  sampleBackups as backupsAsTaken,
  sampleProof,
  sampleFile,
  sampleFolder,
  samplePaths,
} from './backups.ts';
import { sampleCell, sampleRows, sampleTables } from './tables.ts';
import { lostSite, sampleAssessment, sampleLost } from './emergency.ts';
import { sampleComparison, sampleHistory } from './comparison.ts';
import { sampleCopies, sampleCopy } from './copies.ts';
import { CONFIGURED, INSTALLATIONS, parseCommand, tryConnection } from './connections.ts';
import { type SampleSite, sampleSite } from './fleet.ts';
import { samplePlan, sampleElsewhere, sampleRollback, sampleRollbackTo, sampleFindings } from './plans.ts';
import { SAMPLE_BROKEN_INTO, SAMPLE_ORIGINAL, sampleRepair } from './repair.ts';
import { samplePicture } from './seen.ts';
import { type Ending, SampleRuns, brief } from './runs.ts';

const HOUR = 3_600_000;

/**
 * A stand-in for the engine with a sample fleet, for work on the screens and for their faults. It knows
 * nothing of servers: what is proved with it is the renderer and the shell around it, never an update.
 */
export function fakeApi(options: {
  sites: number;
  stepMillis?: number;
  weakKeychain?: boolean;
  locked?: boolean;
  /** An empty computer; a copy of the lost one's backups lies wherever it is looked for: of three sites, or of so many. */
  lost?: boolean | number;
}) {
  const now = Date.now();
  const fleet = new Map<string, SampleSite>();
  for (let index = 0; index < options.sites; index += 1) {
    const sample = sampleSite(index, now);
    fleet.set(sample.summary.site.id, sample);
  }
  const lost = options.lost ? sampleLost(now, options.lost === true ? undefined : options.lost) : null;
  let fetched = lost === null;
  const events = new EventPublisher<{ all: AppEvent }>();
  const tell = (event: AppEvent) => events.publish('all', event);
  const runs = new SampleRuns(tell, options.stepMillis ?? 1200);
  const trusted = new Set<string>();
  let repairAsked: ((choices: readonly RepairChoice[] | undefined) => void) | null = null;
  const history: HistoryEntry[] = [];
  let preferences = Preferences.parse({});
  let storeState: StoreState = {
    id: '0123456789abcdef0123456789abcdef',
    sealed: true,
    locked: options.locked ?? false,
    hasPhrase: options.locked ?? false,
    phraseAt: null,
    phraseWaits: false,
    away: false,
    folder: '/Users/mika/Library/Application Support/Groundskeeper/store',
  };

  const siteOf = (siteId: SiteId): SampleSite => {
    const found = fleet.get(siteId);
    if (found === undefined) {
      throw new Problem({
        code: 'no-such-site',
        message: 'This site is not in the list any more.',
        todo: 'Go back to the list.',
      });
    }
    return found;
  };
  const copies = sampleCopies();
  const copyOf = (word: string) => {
    const found = copies.find(({ id, name }) => id === word || name === word);
    if (found === undefined) throw new Problem({ code: 'no-such-copy', message: 'This copy is gone.' });
    return found;
  };
  const ownerOf = (backupId: BackupId): SampleSite => {
    const owner = [...fleet.values()].find(({ summary }) => backupId.includes(summary.site.id.slice(5)));
    if (owner === undefined) throw new Problem({ code: 'no-such-backup', message: 'This backup is gone.' });
    return owner;
  };
  /** What was said of a backup since it was taken. */
  const marks = new Map<BackupId, Partial<Backup>>();
  const sampleBackups = (...given: Parameters<typeof backupsAsTaken>) =>
    backupsAsTaken(...given).map((backup) => ({ ...backup, ...marks.get(backup.id) }));
  const mark = (id: BackupId, change: Partial<Backup>): Backup => {
    const found = sampleBackups(ownerOf(id), now).find((backup) => backup.id === id);
    if (found === undefined) throw new Problem({ code: 'no-such-backup', message: 'This backup is gone.' });
    marks.set(id, { ...marks.get(id), ...change });
    tell({ kind: 'backups', siteId: found.siteId });
    return { ...found, ...change };
  };
  const runOf = (runId: RunId) => {
    const found = runs.all.get(runId);
    if (found === undefined) throw new Problem({ code: 'no-such-run', message: 'This run is not known.' });
    return found;
  };
  const note = (entry: Omit<HistoryEntry, 'id' | 'at' | 'evidence' | 'link'>, at = Date.now()) =>
    history.unshift({ id: history.length + 1, at, evidence: null, link: '', ...entry });

  const begin = (
    kind: RunKind,
    siteId: SiteId | null,
    title: string,
    ending: Ending = 'done',
    then = () => {},
  ) => {
    const sample = siteId === null ? null : siteOf(siteId);
    const before = sample?.summary.state ?? 'ok';
    const run = runs.start(kind, sample === null ? null : sample.summary.site, title, ending, () => {
      if (sample !== null) {
        Object.assign(sample.summary, { running: null, state: before === 'working' ? 'ok' : before });
        if (kind === 'check')
          Object.assign(sample.summary, {
            checkedAt: Date.now(),
            state: sample.updates.length > 0 ? 'waiting' : 'ok',
            problem: null,
          });
        if (kind === 'backup') sample.summary.backedUpAt = Date.now();
        tell({ kind: 'site', siteId: sample.summary.site.id });
      }
      then();
      note({
        siteId,
        siteName: sample?.summary.site.name ?? null,
        runId: run.id,
        kind,
        outcome: ending,
        summary: title,
      });
    });
    if (sample !== null) {
      Object.assign(sample.summary, { running: { id: run.id, kind, title }, state: 'working' });
      tell({ kind: 'site', siteId: sample.summary.site.id });
    }
    tell({ kind: 'run', run: brief(run) });
    return run.id;
  };

  // What happened before, so that activity and history are not empty.
  [...fleet.values()].slice(0, 9).forEach((sample, at) => {
    const { site } = sample.summary;
    const ending: Ending = at === 2 ? 'rolled-back' : at === 3 ? 'failed' : 'done';
    const kind = at % 3 === 2 ? 'update' : at % 3 === 1 ? 'backup' : at === 3 ? 'check' : 'update';
    const title = kind === 'update' ? 'Update Elementor to 3.25.6' : kind === 'backup' ? 'Back up' : 'Check';
    const run = runs.record(kind, site, title, now - (at + 1) * 5 * HOUR, ending);
    note(
      { siteId: site.id, siteName: site.name, runId: run.id, kind, outcome: ending, summary: title },
      run.endedAt ?? now,
    );
    note(
      {
        siteId: site.id,
        siteName: site.name,
        runId: null,
        kind: 'site-added',
        outcome: 'done',
        summary: `${site.name} added`,
      },
      site.addedAt,
    );
  });
  history.sort((a, b) => b.at - a.at);

  const os = implement(contract);
  const router = os.router({
    app: {
      info: os.app.info.handler(() => ({
        version: '0.1.0',
        shell: 'web',
        dataFolder: '/home/you/.local/share/groundskeeper',
        keychain: options.weakKeychain
          ? {
              kind: 'weak',
              name: 'Plain text',
              warning: 'This desktop has no keychain; anyone who can read your files can read the passwords.',
            }
          : { kind: 'system', name: 'GNOME Keyring', warning: null },
      })),
      events: os.app.events.handler(async function* ({ signal }) {
        yield { kind: 'sites' as const };
        for await (const event of events.subscribe('all', { signal })) yield event;
      }),
    },
    sites: {
      list: os.sites.list.handler(() => [...fleet.values()].map(({ summary }) => summary)),
      show: os.sites.show.handler(({ input }) => {
        const sample = siteOf(input.siteId);
        const undoable = [...runs.all.values()]
          .filter((run) => run.siteId === input.siteId && run.kind === 'update' && run.state === 'done')
          .map((run) => ({ runId: run.id, title: run.title, endedAt: run.endedAt ?? 0 }));
        return { ...sample, undoable };
      }),
      find: os.sites.find.handler(({ input }) => {
        const found = [...fleet.values()].find(
          ({ summary: { site } }) => site.id === input.nameOrId || site.name === input.nameOrId,
        );
        if (found === undefined)
          throw new Problem({ code: 'no-such-site', message: `No site is called ${input.nameOrId}.` });
        return found.summary.site;
      }),
      add: os.sites.add.handler(({ input }) => {
        const site = Site.parse({ ...input.draft, id: newSiteId(), addedAt: Date.now() });
        const fresh = sampleSite(6, now);
        fleet.set(site.id, { ...fresh, summary: { ...fresh.summary, site } });
        note({
          siteId: site.id,
          siteName: site.name,
          runId: null,
          kind: 'site-added',
          outcome: 'done',
          summary: `${site.name} added`,
        });
        tell({ kind: 'sites' });
        return site;
      }),
      edit: os.sites.edit.handler(({ input }) => {
        const sample = siteOf(input.siteId);
        sample.summary.site = Site.parse({ ...sample.summary.site, ...input.edit });
        tell({ kind: 'site', siteId: input.siteId });
        return sample.summary.site;
      }),
      remove: os.sites.remove.handler(({ input }) => {
        siteOf(input.siteId);
        fleet.delete(input.siteId);
        tell({ kind: 'sites' });
        return input.backups === 'delete'
          ? { backupsDeleted: 5, backupsPinned: 1 }
          : { backupsDeleted: 0, backupsPinned: 0 };
      }),
      exportAll: os.sites.exportAll.handler(({ input }) => ({
        fileName: `groundskeeper-sites.${input.format}`,
        text: JSON.stringify(
          [...fleet.values()].map(({ summary }) => summary.site),
          null,
          2,
        ),
      })),
      importAll: os.sites.importAll.handler(() => ({
        added: ['Pinegrove Pottery'],
        refused: [{ line: 3, name: 'Old shop', why: 'url: Invalid URL' }],
      })),
    },
    connections: {
      parse: os.connections.parse.handler(({ input }) => parseCommand(input.text)),
      configuredHosts: os.connections.configuredHosts.handler(() => CONFIGURED),
      test: os.connections.test.handler(({ input }) => tryConnection(input.connection, trusted)),
      testSite: os.connections.testSite.handler(({ input }) => {
        const { connection } = siteOf(input.siteId).summary.site;
        return tryConnection(connection, new Set(connection.kind === 'local' ? [] : [connection.host]));
      }),
      trust: os.connections.trust.handler(({ input }) => {
        trusted.add(input.key.host);
        return {};
      }),
      findInstallations: os.connections.findInstallations.handler(({ input }) =>
        input.connection.kind === 'sftp' ? [] : INSTALLATIONS,
      ),
      look: os.connections.look.handler(
        ({ input }) => INSTALLATIONS.find(({ root }) => root === input.root) ?? null,
      ),
    },
    platforms: {
      list: os.platforms.list.handler(() => [
        {
          id: 'wordpress',
          name: 'WordPress',
          updates: true,
          leavesOut: ['wp-content/cache', 'wp-content/updraft'],
        },
        { id: 'files', name: 'Files', updates: false, leavesOut: [] },
      ]),
    },
    checks: {
      start: os.checks.start.handler(({ input }) => ({
        runIds: (input.siteIds ?? [...fleet.values()].slice(0, 40).map(({ summary }) => summary.site.id)).map(
          (id) => begin('check', id, 'Check'),
        ),
      })),
    },
    updates: {
      list: os.updates.list.handler(({ input }) =>
        [...fleet.values()]
          .flatMap(({ updates }) => updates)
          .filter(({ siteId }) => input.siteId === undefined || siteId === input.siteId),
      ),
      examine: os.updates.examine.handler(({ input }) => sampleFindings(siteOf(input.siteId))),
      plan: os.updates.plan.handler(({ input }) => samplePlan(siteOf(input.siteId), input.choices)),
      start: os.updates.start.handler(({ input }) => {
        const sample = siteOf(input.siteId);
        const chosen = (slug: string) => input.choices.some((choice) => choice.slug === slug);
        const named = sample.updates.filter(({ component }) => chosen(component.slug));
        const [first] = named;
        const title =
          named.length === 1 && first !== undefined
            ? `Update ${first.component.name} to ${first.release.version}`
            : `Update ${named.length} components`;
        const bad = chosen('elementor');
        const runId = begin('update', input.siteId, title, bad ? 'rolled-back' : 'done', () => {
          if (bad) return;
          sample.updates = sample.updates.filter(({ component }) => !chosen(component.slug));
          for (const update of named) {
            const component = sample.inventory?.components.find(({ slug }) => slug === update.component.slug);
            if (component !== undefined) component.version = update.release.version;
          }
          Object.assign(sample.summary.waiting, {
            total: sample.updates.length,
            fitting: sample.updates.length,
          });
          sample.summary.state = sample.updates.length > 0 ? 'waiting' : 'ok';
        });
        return { runId };
      }),
      rollbackPreview: os.updates.rollbackPreview.handler(({ input }) =>
        (input.to === undefined ? sampleRollback : sampleRollbackTo)(siteOf(input.siteId), now),
      ),
      rollback: os.updates.rollback.handler(({ input }) => ({
        runId: begin('rollback', input.siteId, 'Roll back Elementor to 3.21.8'),
      })),
    },
    repairs: {
      plan: os.repairs.plan.handler(({ input }) => sampleRepair(siteOf(input.siteId))),
      start: os.repairs.start.handler(({ input }) => {
        repairAsked?.(input.choices);
        return { runId: begin('repair', input.siteId, `Repair ${siteOf(input.siteId).summary.site.name}`) };
      }),
      original: os.repairs.original.handler(() => startOf(SAMPLE_ORIGINAL)),
    },
    backups: {
      list: os.backups.list.handler(({ input }) =>
        [...fleet.values()]
          .filter(({ summary }) => input.siteId === undefined || summary.site.id === input.siteId)
          .slice(0, 200)
          .flatMap((sample) => sampleBackups(sample, now))
          .sort((a, b) => b.takenAt - a.takenAt),
      ),
      start: os.backups.start.handler(({ input }) => ({ runId: begin('backup', input.siteId, 'Back up') })),
      folder: os.backups.folder.handler(({ input }) => sampleFolder(input.path)),
      file: os.backups.file.handler(({ input }) => {
        const file = sampleFile(input.path, input.backupId);
        if (file === null)
          throw new Problem({ code: 'no-such-file', message: 'This file is not in the backup.' });
        return file;
      }),
      find: os.backups.find.handler(({ input }) =>
        (input.siteId === undefined ? [...fleet.values()].slice(0, 3) : [siteOf(input.siteId)])
          .flatMap((site) => sampleBackups(site, now).slice(0, input.siteId === undefined ? 2 : undefined))
          .flatMap((backup, at) =>
            samplePaths(input.glob).map((found) => ({
              backupId: backup.id,
              siteId: backup.siteId,
              siteName: backup.siteName,
              takenAt: backup.takenAt,
              backups: at + 1,
              ...found,
            })),
          ),
      ),
      compare: os.backups.compare.handler(({ input }) => {
        if (input.after === 'live')
          return {
            ...sampleComparison(
              input.before ?? BackupId.parse('backup_000000'),
              BackupId.parse('backup_000000'),
            ),
            after: 'live' as const,
          };
        const ofSite = sampleBackups(ownerOf(input.after), now);
        const earlier = ofSite[ofSite.findIndex(({ id }) => id === input.after) + 1];
        const before = input.before ?? earlier?.id;
        if (before === undefined)
          throw new Problem({
            code: 'no-earlier-backup',
            message: 'This is the first backup of the site that is kept: there is none before it.',
            todo: 'Compare it with a later one.',
          });
        return sampleComparison(before, input.after);
      }),
      liveFile: os.backups.liveFile.handler(({ input }) => {
        if (input.path === 'wp-includes/load.php') return startOf(SAMPLE_BROKEN_INTO);
        const file = sampleFile(input.path, BackupId.parse('backup_000000'));
        if (file === null)
          throw new Problem({ code: 'no-such-file', message: 'This file is not on the site.' });
        return file;
      }),
      fileHistory: os.backups.fileHistory.handler(({ input }) =>
        sampleHistory(sampleBackups(siteOf(input.siteId), now), input.path),
      ),
      tables: os.backups.tables.handler(() => sampleTables()),
      rows: os.backups.rows.handler(({ input }) => sampleRows(input)),
      cell: os.backups.cell.handler(({ input }) => sampleCell(input)),
      elsewhere: os.backups.elsewhere.handler(({ input }) =>
        sampleElsewhere(ownerOf(input.backupId), siteOf(input.siteId), input.backupId, now),
      ),
      restore: os.backups.restore.handler(({ input }) => {
        if (input.to.kind === 'site' && input.to.siteId !== undefined)
          return {
            runId: begin(
              'restore',
              input.to.siteId,
              `Restore to ${siteOf(input.to.siteId).summary.site.name}`,
            ),
          };

        const { summary } = ownerOf(input.backupId);
        return { runId: begin('restore', summary.site.id, 'Restore from a backup') };
      }),
      export: os.backups.export.handler(({ input }) => {
        const { summary } = ownerOf(input.backupId);
        return { runId: begin('restore', summary.site.id, `Export to ${input.file}`) };
      }),
      verify: os.backups.verify.handler(() => ({ runId: begin('verify', null, 'Verify the backups') })),
      remove: os.backups.remove.handler(() => ({})),
      drill: os.backups.drill.handler(({ input }) => {
        const { summary } = ownerOf(input.backupId);
        return {
          runId: begin(
            'verify',
            summary.site.id,
            `Prove the backup of ${summary.site.name} by restoring it`,
            'done',
            () => mark(input.backupId, { proof: sampleProof(Date.now()) }),
          ),
        };
      }),
      keeping: os.backups.keeping.handler(({ input }) =>
        [...fleet.values()]
          .filter(({ summary }) => input.siteId === undefined || summary.site.id === input.siteId)
          .flatMap((sample) =>
            decide(
              sampleBackups(sample, now).map((backup) => ({ ...backup, pinned: backup.pin !== null })),
              RetentionPolicy.parse(input.rules ?? preferences.backups.keep),
              now,
            ),
          )
          .sort((a, b) => b.takenAt - a.takenAt),
      ),
      pin: os.backups.pin.handler(({ input }) =>
        mark(input.backupId, { pin: { at: now, note: input.note } }),
      ),
      leaveOut: os.backups.leaveOut.handler(({ input }) => ({
        files: 18_204,
        bytes: 5_905_580_032,
        usual: ['wp-content/cache', 'wp-content/updraft'],
        dropped: [
          ...(input.rules?.leaveOut ?? []).map((because) => ({
            because,
            files: 12,
            bytes: 2_415_919_104,
            examples: ['wp-content/uploads/2026/03/walk-through-the-bakery.mp4'],
          })),
          {
            because: 'wp-content/cache',
            files: 911,
            bytes: 48_234_496,
            examples: ['wp-content/cache/index.html'],
          },
        ],
        largest: [
          { path: 'wp-content/uploads/2026', files: 3120, bytes: 1_610_612_736 },
          {
            path: 'wp-content/plugins/a-plugin-with-quite-a-long-name/assets',
            files: 840,
            bytes: 92_274_688,
          },
        ],
      })),
      unpin: os.backups.unpin.handler(({ input }) => mark(input.backupId, { pin: null })),
    },
    store: {
      space: os.store.space.handler(() => ({
        total: 4_831_838_208,
        shared: 1_610_612_736,
        unused: 86_507_520,
        overhead: 9_412_608,
        sites: [...fleet.values()].slice(0, 14).map(({ summary }, at) => ({
          siteId: summary.site.id,
          siteName: summary.site.name,
          backups: 6,
          own: Math.round(941_000_000 / (at + 1)),
          shared: 312_475_648 - at * 9_000_000,
          whole: 9_912_345_678,
        })),
      })),
      state: os.store.state.handler(() => storeState),
      makePhrase: os.store.makePhrase.handler(() => {
        storeState = { ...storeState, phraseWaits: true };
        return { phrase: '4K7QX-9M2TD-ZW81H-C5RNB-6YJE3-PAVG0' };
      }),
      confirmPhrase: os.store.confirmPhrase.handler(() => {
        storeState = { ...storeState, hasPhrase: true, phraseAt: Date.now(), phraseWaits: false };
        tell({ kind: 'backups', siteId: null });
        return { state: storeState, runIds: [] };
      }),
      dropPhrase: os.store.dropPhrase.handler(() => {
        storeState = { ...storeState, phraseWaits: false };
        return storeState;
      }),
      unlock: os.store.unlock.handler(({ input }) => {
        if (!input.phrase.startsWith('4K7QX'))
          throw new Problem({
            code: 'wrong-phrase',
            message: 'This recovery phrase does not open this store.',
            todo: 'It may be the phrase of another store, or an older one.',
          });
        storeState = { ...storeState, locked: false };
        tell({ kind: 'backups', siteId: null });
        return storeState;
      }),
      prunePlan: os.store.prunePlan.handler(() => ({
        deleted: 3,
        rewritten: 11,
        freed: 214_000_000,
        bytes: 2_386_000_000,
        backups: [],
      })),
      prune: os.store.prune.handler(() => ({ runId: begin('prune', null, 'Give back space') })),
      rebuildIndex: os.store.rebuildIndex.handler(() => ({})),
      move: os.store.move.handler(({ input }) => {
        storeState = { ...storeState, folder: input.folder };
        return { runId: begin('move', null, `Move the backups to ${input.folder}`) };
      }),
    },
    copies: {
      list: os.copies.list.handler(() => copies),
      find: os.copies.find.handler(({ input }) => copyOf(input.nameOrId)),
      test: os.copies.test.handler(({ input }) => {
        const tried = input.place.kind === 'ssh' ? tryConnection(input.place.connection, trusted) : null;
        if (tried !== null && tried.outcome !== 'ok') return tried;
        return fetched
          ? { outcome: 'ok', holds: 'nothing', backups: 0, bytes: 0, free: 412_000_000_000 }
          : { outcome: 'ok', holds: 'other', backups: 34, bytes: 2_390_000_000, free: null };
      }),
      add: os.copies.add.handler(({ input }) => {
        const copy = sampleCopy(input.draft.name, input.draft.place, input.draft.automatic);
        copies.push(copy);
        tell({ kind: 'copies' });
        return { copy, runId: begin('copy', null, `Bring the copy “${copy.name}” up to date`) };
      }),
      edit: os.copies.edit.handler(({ input }) => {
        const copy = Object.assign(copyOf(input.copyId), input.edit);
        tell({ kind: 'copies' });
        return copy;
      }),
      remove: os.copies.remove.handler(({ input }) => {
        const copy = copyOf(input.copyId);
        copies.splice(copies.indexOf(copy), 1);
        tell({ kind: 'copies' });
        return { runId: input.files === 'delete' ? begin('copy', null, `Remove “${copy.name}”`) : null };
      }),
      update: os.copies.update.handler(({ input }) => {
        const copy = copyOf(input.copyId);
        Object.assign(copy, { problem: null, behind: 0, updatedAt: Date.now() });
        tell({ kind: 'copies' });
        return { runId: begin('copy', null, `Bring the copy “${copy.name}” up to date`) };
      }),
      verify: os.copies.verify.handler(({ input }) => {
        const copy = copyOf(input.copyId);
        copy.verified = { at: Date.now(), depth: input.depth };
        tell({ kind: 'copies' });
        return { runId: begin('copy', null, `Verify the copy “${copy.name}”`) };
      }),
      heal: os.copies.heal.handler(({ input }) => ({
        runId: begin('copy', null, `Heal the store from “${copyOf(input.copyId).name}”`),
      })),
      bringBack: os.copies.bringBack.handler(() => ({
        runId: begin('copy', null, 'Bring the store back', 'done', () => {
          fetched = true;
          storeState = { ...storeState, locked: true, hasPhrase: true };
          tell({ kind: 'backups', siteId: null });
        }),
      })),
    },
    emergency: {
      sites: os.emergency.sites.handler(() =>
        fetched
          ? (lost ?? [...fleet.values()]).flatMap((sample) =>
              lostSite(sample, now, fleet.has(sample.summary.site.id)),
            )
          : [],
      ),
      tryAccess: os.emergency.tryAccess.handler(({ input }) => {
        const { connection } = input;
        // Known by the key that it had before, unless it is a new server.
        if (connection.kind !== 'local' && !connection.host.startsWith('new.')) trusted.add(connection.host);
        return tryConnection(connection, trusted);
      }),
      bringSite: os.emergency.bringSite.handler(({ input }) => {
        const found = lost?.find(({ summary }) => summary.site.id === input.siteId) ?? siteOf(input.siteId);
        found.summary.site = { ...found.summary.site, connection: input.draft.connection };
        fleet.set(input.siteId, found);
        tell({ kind: 'sites' });
        return found.summary.site;
      }),
      adopt: os.emergency.adopt.handler(({ input }) => siteOf(input.as).summary.site),
      settle: os.emergency.settle.handler(({ input }) => ({
        runId: begin('rollback', input.siteId, 'Ask what the computer before left there'),
      })),
      assess: os.emergency.assess.handler(({ input }) => {
        const sample = siteOf(input.siteId);
        return sampleAssessment(sample, sampleBackups(sample, now)[0] ?? null);
      }),
    },
    runs: {
      list: os.runs.list.handler(({ input }) =>
        [...runs.all.values()]
          .filter((run) => input.siteId === undefined || run.siteId === input.siteId)
          .map(brief)
          .sort((a, b) => b.createdAt - a.createdAt)
          .slice(0, input.limit),
      ),
      show: os.runs.show.handler(({ input }) => structuredClone(runOf(input.runId))),
      story: os.runs.story.handler(({ input }) => {
        const run = structuredClone(runOf(input.runId));
        return {
          chapters: storyOf(run).map(({ title, lines }) => ({ title, lines: [...lines] })),
          text: storyText(run),
        };
      }),
      picture: os.runs.picture.handler(({ input }) => ({ base64: samplePicture(input.name) })),
      cancel: os.runs.cancel.handler(({ input }) => {
        const run = runOf(input.runId);
        runs.cancel(run);
        const sample = run.siteId === null ? undefined : fleet.get(run.siteId);
        if (sample !== undefined) {
          Object.assign(sample.summary, {
            running: null,
            state: sample.updates.length > 0 ? 'waiting' : 'ok',
          });
          tell({ kind: 'site', siteId: sample.summary.site.id });
        }
        return {};
      }),
      follow: os.runs.follow.handler(async function* ({ input, signal }) {
        const run = runOf(input.runId);
        let after = input.after;
        for (;;) {
          for (const line of run.log.filter(({ seq }) => seq > after)) {
            after = line.seq;
            yield line;
          }
          if (run.endedAt !== null || signal?.aborted === true) return;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }),
      recover: os.runs.recover.handler(() => ({ recovered: [] })),
      takeOver: os.runs.takeOver.handler(({ input }) => ({
        runId: begin('rollback', input.siteId, 'Take back what another computer left', 'rolled-back'),
      })),
    },
    history: {
      list: os.history.list.handler(({ input }) =>
        history
          .filter((entry) => input.siteId === undefined || entry.siteId === input.siteId)
          .slice(0, input.limit)
          .map((entry) => ({
            ...entry,
            undoable: entry.kind === 'update' && entry.outcome === 'done' && entry.runId !== null,
          })),
      ),
      check: os.history.check.handler(() => ({
        entries: history.length,
        head: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
        broken: null,
      })),
      exportAll: os.history.exportAll.handler(({ input: { format } }) => ({
        fileName: `groundskeeper-history.${format}`,
        text: exportHistory(history.toReversed(), format),
      })),
    },
    preferences: {
      get: os.preferences.get.handler(() => preferences),
      set: os.preferences.set.handler(({ input }) => {
        const edit = PreferencesEdit.parse(input);
        preferences = Preferences.parse({
          ...preferences,
          ...edit,
          checks: { ...preferences.checks, ...edit.checks },
          updates: { ...preferences.updates, ...edit.updates },
          backups: { ...preferences.backups, ...edit.backups },
          notifications: { ...preferences.notifications, ...edit.notifications },
          sources: { ...preferences.sources, ...edit.sources },
        });
        tell({ kind: 'preferences' });
        return preferences;
      }),
    },
  });

  const client: Client = createRouterClient(router);
  /** Hears what is asked to be repaired. */
  const onRepair = (listener: NonNullable<typeof repairAsked>) => {
    repairAsked = listener;
  };
  return { router, client, tell, begin, onRepair, close: () => runs.close() };
}

function startOf(text: string) {
  const bytes = Buffer.from(text);
  return { base64: bytes.toString('base64'), size: bytes.length, truncated: false, text: true };
}
