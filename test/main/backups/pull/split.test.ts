import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestEntry } from '../../../../main/backups/pull/manifest-entry.ts';
import { channelsFor, split, weigh } from '../../../../main/backups/pull/split.ts';

const fileOf = (size: number, at: number): ManifestEntry => ({
  ...{ path: `file-${at}`, kind: 'file', size, mode: 0o644, mtime: '0', ctime: '0', inode: '0' },
  ...{ target: '', closed: false },
});
const some = fc.array(fc.oneof(fc.nat(20_000), fc.nat(50_000_000)), { maxLength: 300 });
const weightOf = (files: readonly ManifestEntry[]) => files.reduce((sum, file) => sum + weigh(file), 0);

describe('files divided among channels', () => {
  it('come each once, in each part in their order, and no part is empty', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 8 }), (sizes, parts) => {
        const files = sizes.map(fileOf);
        const divided = split(files, parts);
        expect(divided.flat().toSorted((a, b) => files.indexOf(a) - files.indexOf(b))).toEqual(files);
        expect(divided.length).toBeLessThanOrEqual(parts);
        for (const part of divided) {
          expect(part.length).toBeGreaterThan(0);
          const places = part.map((file) => files.indexOf(file));
          expect(places).toEqual(places.toSorted((a, b) => a - b));
        }
      }),
    );
  });

  it('are as even as their largest file lets them be', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 2, max: 8 }), (sizes, parts) => {
        const files = sizes.map(fileOf);
        const even = weightOf(files) / parts;
        const largest = Math.max(0, ...files.map(weigh));
        for (const part of split(files, parts))
          expect(weightOf(part)).toBeLessThanOrEqual(even * (1 + 1 / 16) + largest);
      }),
    );
  });

  it('come over one channel when the server is near, or there is little to bring', () => {
    const large = [
      fileOf(100_000_000, 0),
      fileOf(100_000_000, 1),
      ...Array.from({ length: 20 }, (_none, at) => fileOf(10, at + 2)),
    ];
    expect(channelsFor(large, 1)).toBe(1);
    expect(channelsFor(large, null)).toBe(1);
    expect(channelsFor(large, 50)).toBe(4);
    expect(channelsFor(large, 200)).toBe(6);
    expect(channelsFor([fileOf(100_000_000, 0)], 200)).toBe(1);
    expect(channelsFor([fileOf(1000, 0), fileOf(1000, 1)], 200)).toBe(1);
  });
});
