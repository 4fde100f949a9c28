import type { Assessment, LostSite } from '../../../main/api/index.ts';
import type { Backup } from '../../../main/backups/index.ts';
import { sampleBackups } from './backups.ts';
import { sampleSite, type SampleSite } from './fleet.ts';
import { sampleFindings } from './plans.ts';

/** Sites that a lost computer had: one with nothing to say, one that is sick now, one of an older version's backups; or the first so many of the sample fleet. */
export function sampleLost(now: number, many?: number): SampleSite[] {
  const which = many === undefined ? [1, 3, 4] : Array.from({ length: many }, (_, index) => index);
  return which.map((index) => sampleSite(index, now));
}

/** A site as the backups know it; none where it has none. */
export function lostSite(sample: SampleSite, now: number, isHere: boolean): LostSite[] {
  const { site } = sample.summary;
  const [latest, ...more] = sampleBackups(sample, now);
  if (latest === undefined) return [];
  const known = site.id.endsWith('4') ? null : site;
  return [
    { ...{ siteId: site.id, name: site.name, latest, backups: more.length + 1 }, known, isHere, twin: null },
  ];
}

/** How a site is when it is back; the sick one differs from its backup. */
export function sampleAssessment(sample: SampleSite, backup: Backup | null): Assessment {
  const findings = sampleFindings(sample);
  const sick = sample.summary.state === 'failed';
  const entry = {
    kind: 'file',
    size: 4_812,
    modifiedAt: 1_763_000_000_000,
    mode: 0o644,
    target: null,
  } as const;
  const counts = { added: 1, changed: 2, deleted: 0, mode: 0, target: 0, unread: 0 };
  return {
    ...{ findings, sick, backup, passedOver: [], problem: null, differs: sick },
    preview: sick
      ? {
          counts,
          changes: [
            { path: 'wp-content/uploads/2026/11/menu.pdf', change: 'added', before: null, after: entry },
            { path: 'wp-includes/load.php', change: 'changed', before: entry, after: entry },
            { path: 'wp-includes/pluggable.php', change: 'changed', before: entry, after: entry },
          ],
          rows: [
            { table: 'wp_comments', before: 211, now: 214 },
            { table: 'wp_posts', before: 1802, now: 1805 },
          ],
        }
      : { counts: { ...counts, added: 0, changed: 0 }, changes: [], rows: [] },
  };
}
