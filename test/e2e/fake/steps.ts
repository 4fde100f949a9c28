import type { RunKind } from '../../../main/runs/index.ts';

export type SampleStep = readonly [name: string, title: string, detail: string];

/** What a run of each kind goes through, in the engine's words. */
export const STEPS: Readonly<Record<RunKind, readonly SampleStep[]>> = {
  check: [
    ['read', 'Read the inventory', '14 components, PHP 8.3.14, MariaDB 10.11.6'],
    ['ask', 'Ask wordpress.org', '3 updates wait'],
  ],
  backup: [
    ['manifest', 'List the files', '4,812 files, 214 MB'],
    ['pull', 'Fetch what changed', '38 files, 2.1 MB'],
    ['database', 'Dump the database', '12 tables, 8.4 MB'],
    ['verify', 'Check that all of it arrived', 'Complete'],
  ],
  update: [
    ['preflight', 'Look before touching anything', 'Disk 18 GB free; everything writable'],
    ['package', 'Fetch and check the package', 'Checksum matches wordpress.org’s'],
    ['backup', 'Back up files and database', '4,812 files, 214 MB; 2.1 MB new'],
    ['stage', 'Upload the new version beside the old one', '41 of 512 files differ, 860 kB sent'],
    ['baseline', 'Look at the pages as they are now', '3 pages, all 200, 184 ms'],
    ['swap', 'Swap the new version in', 'Exchanged in one instant'],
    ['judge', 'Look at the pages again', '3 pages, all 200, 190 ms: same'],
    ['settle', 'Tidy up', 'The old version is kept for 7 days'],
  ],
  rollback: [
    ['preflight', 'Look before touching anything', 'The kept version is whole'],
    ['backup', 'Back up files and database', '12 files new, 80 kB'],
    ['swap', 'Swap the old version in', 'Exchanged in one instant'],
    ['judge', 'Look at the pages again', '3 pages, all 200: same'],
  ],
  restore: [
    ['backup', 'Back up the site as it is', '12 files new, 80 kB'],
    ['compare', 'Compare backup and site', '62 files differ'],
    ['write', 'Put the files back', '62 files, 1.4 MB'],
    ['judge', 'Look at the pages again', '3 pages, all 200'],
  ],
  repair: [
    ['preflight', 'Compare the files with their releases', '3 files to put back.'],
    ['backup', 'Back up what is replaced', '4,812 files and the database, verified.'],
    ['baseline', 'Look at the site as it is', '/ 500 (There has been a critical error on this website).'],
    ['watchdog', 'Leave a watchdog on the server', ''],
    [
      'restore',
      'Put the files of the releases in place',
      '3 files put in place and compared, each as released.',
    ],
    ['judge', 'Look whether the site got worse', 'Better than before.'],
    ['settle', 'Tidy up', ''],
  ],
  prune: [['prune', 'Throw away what no backup needs', '3 packs deleted, 11 written anew.']],
  copy: [['update', 'Send what is new', '3 packs, 41 MB sent.']],
  move: [['move', 'Copy the store and switch over', '/Volumes/Backups/store']],
  verify: [['read', 'Read every part of the backup', '4,812 files, 214 MB, all whole']],
};
