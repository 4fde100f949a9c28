import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCheckRecords, type CheckRecords } from '../../../main/checks/index.ts';
import { openDatabase, type Database } from '../../../main/database/index.ts';
import { Problem, SiteId } from '../../../main/words/index.ts';
import { aTempFolder, type TempFolder } from '../../rig/index.ts';
import { anInventory } from '../samples.ts';

let temp: TempFolder;
let database: Database;
let records: CheckRecords;
beforeEach(() => {
  temp = aTempFolder('records');
  database = openDatabase(path.join(temp.path, 'test.db'));
  records = openCheckRecords(database);
});
afterEach(async () => {
  await database.destroy();
  temp.remove();
});

const [bakery, florist] = [SiteId.parse('site_bakery0'), SiteId.parse('site_florist')];
const problem = new Problem({ code: 'unreachable', message: 'It does not answer.' }).toJSON();
/** As another process would read it. */
const anew = () => openCheckRecords(database);

describe('what a check found', () => {
  it('of several sites is kept together, and read at once and later alike', async () => {
    await records.saveChecked([
      { siteId: bakery, checkedAt: 1, inventory: anInventory(), problem: null },
      { siteId: florist, checkedAt: 2, inventory: null, problem },
    ]);
    for (const reader of [records, anew()]) {
      expect(await reader.inventory(bakery)).toEqual(anInventory());
      expect(await reader.inventory(florist)).toBeNull();
      expect(await reader.results()).toEqual(
        new Map([
          [bakery, { checkedAt: 1, problem: null }],
          [florist, { checkedAt: 2, problem }],
        ]),
      );
    }
  });

  it('replaces what was known, but an inventory that could not be read stands', async () => {
    await records.saveChecked([
      { siteId: bakery, checkedAt: 1, inventory: anInventory({ php: '8.1.0' }), problem: null },
    ]);
    await records.saveChecked([{ siteId: bakery, checkedAt: 2, inventory: null, problem }]);
    expect((await records.inventory(bakery))?.php).toBe('8.1.0');
    await records.saveChecked([
      { siteId: bakery, checkedAt: 3, inventory: anInventory({ php: '8.3.0' }), problem: null },
    ]);
    for (const reader of [records, anew()]) {
      expect((await reader.inventory(bakery))?.php).toBe('8.3.0');
      expect((await reader.results()).get(bakery)).toEqual({ checkedAt: 3, problem: null });
    }
  });

  it('is forgotten with its site', async () => {
    await records.saveChecked([{ siteId: bakery, checkedAt: 1, inventory: anInventory(), problem: null }]);
    await records.forget(bakery);
    for (const reader of [records, anew()])
      expect([await reader.inventory(bakery), (await reader.results()).size]).toEqual([null, 0]);
  });
});
