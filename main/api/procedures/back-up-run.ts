import type { Backup } from '../../backups/index.ts';
import type { Run } from '../../runs/index.ts';
import { isDue } from '../../schedule/index.ts';
import type { Site } from '../../sites/index.ts';
import { asProblem, bytesInWords, counted } from '../../words/index.ts';
import type { Services } from '../services.ts';
import { removeSpare, spareBackups } from './keeping.ts';

const BACKUP = { name: 'backup', title: 'Back up the site' };
const THIN = { name: 'thin', title: 'Remove what the rules do not keep' };

/**
 * Starts a backup of a site. When its files were last compared by their contents so many days ago as the preferences say, it does that
 * as well, or when the user asks for it. Afterwards, older ones that the rules do not keep go, where the preferences say so.
 */
export async function backUpRun(
  services: Services,
  site: Site,
  reason: Backup['reason'],
  askedToSweep = false,
): Promise<Run> {
  const swept = `sweep ${site.id}`;
  const everyDays = services.settings.get().backups.sweepEveryDays;
  const began = services.clock();
  const isSweep =
    askedToSweep || (everyDays > 0 && isDue(began, await services.lastDone.of(swept), everyDays * 24));
  return services.runs.start(
    {
      kind: 'backup',
      site: { id: site.id, name: site.name },
      title: askedToSweep ? `Back up ${site.name} and compare every file` : `Back up ${site.name}`,
      expected: [BACKUP],
      plan: {},
    },
    services.hostOf(site),
    async (context) => {
      let hidden: number | null = null;
      const onSwept = (count: number) => {
        hidden = count;
      };
      const backup = await context.step(BACKUP.name, BACKUP, async (step) => {
        const taken = await services.backUp(site, reason, context, isSweep ? { onSwept } : {});
        if (isSweep) await services.lastDone.set(swept, began);
        step.detail(
          `${counted(taken.files, 'file')}${taken.database === null ? '' : ' and the database'}, verified.`,
        );
        return taken;
      });
      services.events.emit({ kind: 'backups', siteId: site.id });
      const removed = await thin();
      const gaps = backup.unreadable.length + backup.moved.length;
      return {
        state: 'done',
        summary: [
          `${counted(backup.files, 'file')} backed up, ${backup.addedBytes === 0 ? 'nothing new' : `${bytesInWords(backup.addedBytes)} added`}.`,
          sweptInWords(hidden),
          gaps === 0 ? '' : `${counted(gaps, 'file is', 'files are')} missing or moved; the log names them.`,
          removed === 0
            ? ''
            : `${counted(removed, 'older backup was', 'older backups were')} removed by the rules.`,
        ]
          .filter((sentence) => sentence !== '')
          .join(' '),
      };

      /** The backup is taken and whole: what goes wrong here is said, and takes nothing from that. */
      async function thin(): Promise<number> {
        if (!services.settings.get().backups.thin) return 0;
        try {
          if ((await spareBackups(services, site.id)).length === 0) return 0;
          return await context.step(THIN.name, THIN, (step) => removeSpare(services, context, step, site.id));
        } catch (error) {
          if (context.signal.aborted) throw error;
          context.log('warning', `Older backups could not be removed: ${asProblem(error).message}`);
          return 0;
        }
      }
    },
  );
}

function sweptInWords(hidden: number | null): string {
  if (hidden === null) return '';
  return hidden === 0
    ? 'Every file was compared by its contents.'
    : `Every file was compared by its contents: ${counted(hidden, 'file', 'files')} had changed without showing it; the log names them.`;
}
