import type { Backup, BackupChange, Comparison, FileHistory } from '../../../main/api/index.ts';
import { type BackupId, Problem } from '../../../main/words/index.ts';
import { OLD, sampleFile } from './backups.ts';

const entry = (size: number, mode = 0o644): NonNullable<BackupChange['before']> => ({
  kind: 'file',
  size,
  modifiedAt: 1_794_000_000_000,
  mode,
  target: null,
});
const changed = (path: string, before: BackupId, after: BackupId): BackupChange => ({
  path,
  change: 'changed',
  before: entry(sampleFile(path, before)?.size ?? 0),
  after: entry(sampleFile(path, after)?.size ?? 0),
});

/** The newest backup of a site differs from all others; those are the same, but for one with a great many changes. */
export function sampleComparison(before: BackupId, after: BackupId): Comparison {
  const changes = before.endsWith('4') ? manyChanges() : fewChanges(before, after);
  const count = (change: BackupChange['change']) => changes.filter((one) => one.change === change).length;
  return {
    before,
    after,
    changes,
    truncated: false,
    counts: {
      added: count('added'),
      changed: count('changed'),
      deleted: count('deleted'),
      mode: count('mode'),
      target: count('target'),
      unread: count('unread'),
    },
    database:
      changes.length === 0
        ? { change: 'same', tables: [] }
        : {
            change: 'changed',
            tables: [
              { name: 'wp_options', before: 412, after: 415 },
              { name: 'wp_posts', before: 1204, after: 1210 },
              { name: 'wp_yoast_indexable', before: null, after: 980 },
            ],
          },
  };
}

function fewChanges(before: BackupId, after: BackupId): BackupChange[] {
  if (!before.endsWith('0') && !after.endsWith('0')) return [];
  return [
    changed('.htaccess', before, after),
    { path: 'wp-config.php', change: 'mode', before: entry(60), after: entry(60, 0o600) },
    {
      path: 'wp-content/plugins/akismet/old.php',
      change: 'deleted',
      before: entry(sampleFile('wp-content/plugins/akismet/old.php', before)?.size ?? 0),
      after: null,
    },
    changed('wp-content/plugins/akismet/readme.txt', before, after),
    { path: 'wp-content/uploads/2026/11/Größe\udcff.txt', change: 'unread', before: entry(9), after: null },
    { path: 'wp-content/uploads/2026/11/メニュー.png', change: 'added', before: null, after: entry(1143) },
    {
      path: 'wp-content/uploads/current',
      change: 'target',
      before: { ...entry(0, 0o777), kind: 'link', target: '2026/10' },
      after: { ...entry(0, 0o777), kind: 'link', target: '2026/11' },
    },
  ];
}

function manyChanges(): BackupChange[] {
  return Array.from({ length: 12_000 }, (_, at) => ({
    path: `wp-content/plugins/shop/part-${String(Math.floor(at / 40)).padStart(3, '0')}/file-${String(at).padStart(5, '0')}.php`,
    change: 'changed',
    before: entry(1000 + at),
    after: entry(1040 + at),
  }));
}

/** A file that changed with the newest backup, or the same one all the time. */
export function sampleHistory(backups: readonly Backup[], path: string): FileHistory {
  const [newest, second] = backups;
  const oldest = backups.at(-1);
  if (!newest || !second || !oldest || path.endsWith('robots.txt'))
    throw new Problem({
      code: 'no-such-path',
      message: `There is no “${path}” in any backup of this site.`,
    });
  const version = (first: Backup, last: Backup): FileHistory['versions'][number] => ({
    backupId: first.id,
    takenAt: first.takenAt,
    lastBackupId: last.id,
    lastTakenAt: last.takenAt,
    kind: 'file',
    size: sampleFile(path, first.id)?.size ?? 0,
    modifiedAt: first.takenAt - 3_600_000,
    mode: 0o644,
    target: null,
    sameAs: null,
  });
  if (OLD[path] === undefined) return { versions: [version(oldest, newest)], unread: [] };
  const [third, fourth, fifth] = [backups[2] ?? oldest, backups[3] ?? oldest, backups[4] ?? oldest];
  return {
    versions: [
      version(newest, newest),
      { ...version(second, second), sameAs: oldest.id },
      { ...version(fourth, third), kind: 'gone', size: 0, modifiedAt: null, mode: null },
      version(oldest, fifth),
    ],
    unread: [],
  };
}
