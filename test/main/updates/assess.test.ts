import { expect, it } from 'vitest';
import { Backup } from '../../../main/backups/index.ts';
import { inOrderOfTrust } from '../../../main/updates/index.ts';
import { newBackupId, newSiteId } from '../../../main/words/index.ts';

const siteId = newSiteId();
const taken = (takenAt: number, reason: Backup['reason']) =>
  Backup.parse({
    ...{ id: newBackupId(), siteId, siteName: 'Bakery', takenAt, reason, files: 1, bytes: 1, addedBytes: 1 },
    ...{ database: null, moved: [], verifiedAt: null, pin: null, proof: null },
  });

it('the newest backup of a site that was well comes first, those of one that was being mended last', () => {
  const backups = [
    taken(5, 'before-restore'),
    taken(1, 'asked'),
    taken(4, 'before-repair'),
    taken(3, 'scheduled'),
    taken(2, 'before-update'),
    taken(6, 'before-rollback'),
  ];
  expect(inOrderOfTrust(backups).map(({ takenAt }) => takenAt)).toEqual([3, 2, 1, 6, 5, 4]);
});
