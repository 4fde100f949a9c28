import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayGo, planCopy } from '../../../../main/backups/copies/plan.ts';
import { isStoreFile } from '../../../../main/backups/store/store-files.ts';
import { newBackupId, type BackupId } from '../../../../main/words/index.ts';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const packName = hex(32).map((name) => `packs/${name.slice(0, 2)}/${name}.pack`);
const recordName = fc.constant(null).map(() => `snapshots/${newBackupId()}.snapshot`);
const listing = fc
  .array(fc.tuple(fc.oneof(packName, recordName), fc.integer({ min: 1, max: 20_000_000 })))
  .map((files) => new Map([...files, ['config.json', 100]] as const));

describe('the plan of a copy', () => {
  it('makes the copy equal to the store, whatever lay there', () => {
    fc.assert(
      fc.property(listing, listing, fc.array(fc.boolean()), (here, other, shared) => {
        const there = new Map(other);
        // Some of what is here is there already, some of it cut short.
        [...here].forEach(([name, size], at) => {
          const is = shared[at];
          if (is !== undefined) there.set(name, is ? size : size - 1);
        });
        const plan = planCopy(here, there);
        const after = new Map(there);
        for (const name of [...plan.packs, ...plan.snapshots]) after.set(name, here.get(name) ?? 0);
        for (const name of [...plan.goingPacks, ...plan.goingSnapshots]) after.delete(name);
        after.set('config.json', 100);
        expect(new Map([...after].sort())).toEqual(new Map([...here].sort()));
        expect(planCopy(here, after)).toMatchObject({ packs: [], snapshots: [], bytes: 0 });
      }),
    );
  });
});

describe('what goes from a copy', () => {
  const holding = (backups: readonly BackupId[]) =>
    new Map(backups.map((id) => [`snapshots/${id}.snapshot`, 500] as const));
  const going = (all: readonly BackupId[], gone: number, removed: number) =>
    mayGo(planCopy(holding(all.slice(gone)), holding(all)), holding(all), (id) => all.indexOf(id) < removed)
      ?.code ?? null;
  const all = Array.from({ length: 10 }, newBackupId);

  it('goes when somebody removed it, and it is not much', () => {
    expect(going(all, 0, 0)).toBeNull();
    expect(going(all, 3, 3)).toBeNull();
    expect(going(all, 5, 5)).toBeNull();
  });
  it('stays when nobody removed it, however little it is', () => {
    expect(going(all, 1, 0)).toBe('copy-has-more');
    expect(going(all, 10, 9)).toBe('copy-has-more');
  });
  it('stays when it is most of the copy, until the user says so', () => {
    expect(going(all, 6, 6)).toBe('copy-would-shrink');
    expect(going(all, 10, 10)).toBe('copy-would-shrink');
  });
  it('goes when it is few in a small copy', () => {
    expect(going(all.slice(0, 2), 2, 2)).toBeNull();
  });
});

describe('names of files', () => {
  it('are a store’s only as the format has them', () => {
    const name = 'ab'.repeat(16);
    expect(isStoreFile(`packs/ab/${name}.pack`)).toBe(true);
    for (const odd of [
      `packs/cd/${name}.pack`,
      `packs/ab/../${name}.pack`,
      `packs/ab/${name}.pack/x`,
      '../config.json',
      'index.db',
      'snapshots/backup_x.snapshot',
      'snapshots/../backup_abcdefghjkmn.snapshot',
      'snapshots/backup_abcdefghjkmn.snapshot\n',
    ])
      expect(isStoreFile(odd)).toBe(false);
  });
});
