import { implement } from '@orpc/server';
import {
  backupBefore,
  compareBackups,
  exportZip,
  fileAt,
  fileHistory,
  findFiles,
  listFolder,
  looksLikeText,
  readStart,
  restoreToFolder,
} from '../../backups/index.ts';
import { compareLive, liveFile, planElsewhere, previewLeaveOut, restoreSite } from '../../updates/index.ts';
import { bytesInWords, counted, Problem } from '../../words/index.ts';
import { contract } from '../contract.ts';
import { localPath } from '../local-path.ts';
import type { Services } from '../services.ts';
import { backUpRun } from './back-up-run.ts';
import { drillRun, rollingRun, verifyRun } from './verify-runs.ts';
import { removeNamed, retentionOf } from './keeping.ts';
import { restoreElsewhereRun } from './restore-elsewhere-run.ts';
import { restoreTablesRun } from './restore-tables-run.ts';

const NEVER = new AbortController().signal;

/** Backups: taken, browsed, restored. */
export function backupProcedures(services: Services) {
  const api = implement(contract).backups;
  const { store, runs, sites } = services;
  const marked = async (...given: Parameters<typeof store.mark>) => {
    const backup = await store.mark(...given);
    services.events.emit({ kind: 'backups', siteId: backup.siteId });
    return backup;
  };
  return {
    list: api.list.handler(({ input }) => store.list(input.siteId)),
    start: api.start.handler(async ({ input }) => {
      const run = await backUpRun(services, sites.get(input.siteId), 'asked', input.sweep);
      return { runId: run.id };
    }),
    folder: api.folder.handler(async ({ input }) => listFolder(await store.open(input.backupId), input.path)),
    file: api.file.handler(async ({ input }) => {
      const snapshot = await store.open(input.backupId);
      const file = await fileAt(snapshot, input.path);
      return startOf(await readStart(snapshot, file, input.limit), file.size);
    }),
    liveFile: api.liveFile.handler(async ({ input, signal }) => {
      const { bytes, size } = await liveFile(
        services.updates,
        sites.get(input.siteId),
        input,
        signal ?? NEVER,
      );
      return startOf(bytes, size);
    }),
    find: api.find.handler(({ input, signal }) =>
      findFiles(store, { siteId: input.siteId ?? null, glob: input.glob }, signal ?? NEVER),
    ),
    compare: api.compare.handler(async ({ input, signal }) => {
      const { path, limit } = input;
      if (input.after === 'live') {
        const backupId = input.before;
        if (backupId === undefined)
          throw new Problem({ code: 'usage', message: 'Say which backup the site is compared with.' });
        const site = sites.get((await store.open(backupId)).backup.siteId);
        return compareLive(services.updates, site, { backupId, path, limit }, signal ?? NEVER);
      }
      const after = await store.open(input.after);
      const before = await store.open(input.before ?? (await backupBefore(store, after.backup)).id);
      return compareBackups(before, after, { path, limit });
    }),
    fileHistory: api.fileHistory.handler(({ input }) => fileHistory(store, input.siteId, input.path)),
    tables: api.tables.handler(({ input }) => services.tables.list(input.backupId)),
    rows: api.rows.handler(({ input: { backupId, ...wanted }, signal = NEVER }) =>
      services.tables.rows(backupId, wanted, signal),
    ),
    cell: api.cell.handler(({ input: { backupId, ...place }, signal = NEVER }) =>
      services.tables.cell(backupId, place, signal),
    ),
    elsewhere: api.elsewhere.handler(({ input, signal }) =>
      planElsewhere(services.updates, sites.get(input.siteId), input.backupId, signal ?? NEVER),
    ),
    restore: api.restore.handler(async ({ input }) => {
      const snapshot = await store.open(input.backupId);
      const { backup } = snapshot;
      const { to, paths, database, tables } = input;
      if (to.kind === 'site' && to.siteId !== undefined && to.siteId !== backup.siteId) {
        if (tables.length > 0)
          throw new Problem({ code: 'usage', message: 'To another site a backup is restored as a whole.' });
        return { runId: (await restoreElsewhereRun(services, snapshot, to.siteId, paths)).id };
      }
      if (tables.length > 0) return { runId: (await restoreTablesRun(services, snapshot, tables, to)).id };
      if (to.kind === 'file')
        throw new Problem({ code: 'usage', message: 'Say which tables are to be written into that file.' });
      if (to.kind === 'folder') {
        const folder = localPath(to.folder);
        const run = await runs.start(
          {
            kind: 'restore',
            site: { id: backup.siteId, name: backup.siteName },
            title: `Restore to ${folder}`,
            expected: [{ name: 'restore', title: 'Restore the files' }],
            plan: { to: 'folder' },
          },
          null,
          (context) =>
            context.step('restore', { title: 'Restore the files' }, async () => {
              const restored = await restoreToFolder(
                snapshot,
                paths,
                folder,
                database,
                context.signal,
                context.progress,
              );
              for (const link of restored.links) context.log('warning', `A link was not made here: ${link}`);
              for (const name of restored.renamed)
                context.log(
                  'warning',
                  `${name.from} became ${name.to}, because this computer cannot have that name.`,
                );
              return { state: 'done', summary: `${counted(restored.files, 'file')} restored to ${folder}.` };
            }),
        );
        return { runId: run.id };
      }
      const site = sites.get(backup.siteId);
      const run = await runs.start(
        {
          kind: 'restore',
          site: { id: site.id, name: site.name },
          title:
            paths.length === 0 && database
              ? `Restore ${site.name}`
              : paths.length === 0
                ? `Restore the files of ${site.name}`
                : `Restore ${paths.length === 1 ? (paths[0] ?? '') : `${paths.length} paths`}`,
          expected: [
            { name: 'backup', title: 'Back up the site as it is' },
            { name: 'restore', title: 'Put the files in place' },
            { name: 'settle', title: 'Tidy up' },
          ],
          plan: { to: 'site', backupId: backup.id, paths, database },
        },
        services.hostOf(site),
        (context) => restoreSite(services.updates, site, { backupId: backup.id, paths, database }, context),
      );
      return { runId: run.id };
    }),
    export: api.export.handler(async ({ input }) => {
      const snapshot = await store.open(input.backupId);
      const { backup } = snapshot;
      const file = localPath(input.file);
      const run = await runs.start(
        {
          kind: 'restore',
          site: { id: backup.siteId, name: backup.siteName },
          title: `Export to ${file}`,
          expected: [{ name: 'export', title: 'Write the zip' }],
          plan: { to: 'zip' },
        },
        null,
        (context) =>
          context.step('export', { title: 'Write the zip' }, async () => {
            const zip = await exportZip(snapshot, file, context.signal, context.progress);
            for (const name of zip.renamed)
              context.log(
                'warning',
                `${name.from} is ${name.to} in the zip, because not every computer can have that name.`,
              );
            return {
              state: 'done',
              summary: `${counted(zip.files, 'file')} exported to ${file}, ${bytesInWords(zip.size)}.${zip.renamed.length === 0 ? '' : ` ${counted(zip.renamed.length, 'name is', 'names are')} written otherwise; the log says how.`}`,
            };
          }),
      );
      return { runId: run.id };
    }),
    verify: api.verify.handler(async ({ input }) => {
      const run = input.rolling
        ? await rollingRun(services)
        : await verifyRun(services, input.backupId === undefined ? null : [input.backupId]);
      return { runId: run.id };
    }),
    remove: api.remove.handler(async ({ input }) => {
      const backup = await removeNamed(services, input.backupId);
      services.events.emit({ kind: 'backups', siteId: backup.siteId });
      return {};
    }),
    drill: api.drill.handler(async ({ input }) => {
      const { backup } = await store.open(input.backupId);
      const folder = input.folder === undefined ? null : localPath(input.folder);
      return { runId: (await drillRun(services, backup, folder)).id };
    }),
    keeping: api.keeping.handler(({ input }) => retentionOf(services, input)),
    leaveOut: api.leaveOut.handler(async ({ input, signal }) => {
      const site = sites.get(input.siteId);
      const tried = {
        ...site,
        settings: { ...site.settings, backups: { ...site.settings.backups, ...input.rules } },
      };
      const found = await previewLeaveOut(services.updates, tried, signal ?? NEVER);
      return { ...found, usual: services.platforms.get(site.platform).recipe.backup.leaveOut };
    }),
    pin: api.pin.handler(({ input }) =>
      marked(input.backupId, { pin: { at: services.clock(), note: input.note } }),
    ),
    unpin: api.unpin.handler(({ input }) => marked(input.backupId, { pin: null })),
  };
}

/** The start of a file, as it goes to a window. */
export function startOf(bytes: Buffer, size: number) {
  const text = looksLikeText(bytes);
  return { base64: bytes.toString('base64'), size, truncated: bytes.length < size, text };
}
