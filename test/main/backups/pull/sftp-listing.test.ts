import { describe, expect, it } from 'vitest';
import type { ManifestEntry } from '../../../../main/backups/index.ts';
import { unsureSince } from '../../../../main/backups/pull/sftp-listing.ts';

const NOW = 1_750_000_000;
const aFile = (mtime: number): ManifestEntry => ({
  path: `file-${mtime}`,
  kind: 'file',
  size: 1,
  mode: 0o644,
  mtime: `${mtime}.0000000000`,
  ctime: '',
  inode: '',
  target: '',
  closed: false,
});
const since = (...changed: number[]) => unsureSince(changed.map(aFile), NOW * 1000, (NOW + 3) * 1000);

describe('a time of whole seconds, by a clock that is not ours, is not trusted', () => {
  it('within minutes of now, and while the folders were listed', () => {
    expect(since(NOW - 10_000, NOW + 1)).toBeLessThanOrEqual(NOW - 300);
    expect(since(NOW - 10_000)).toBeLessThanOrEqual(NOW - 10_000 - 3);
  });

  it('where the server’s clock is behind ours by hours: its latest change may be of just now', () => {
    expect(since(NOW - 7_200, NOW - 9_000)).toBeLessThanOrEqual(NOW - 7_200 - 3);
    expect(since(NOW - 7_200, NOW - 9_000)).toBeGreaterThan(NOW - 9_000);
  });

  it('but where nothing changed for days, all of it is', () => {
    expect(since(NOW - 90_000_000, NOW - 100_000)).toBeGreaterThan(NOW - 100_000);
  });
});
