import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../../main/database/index.ts';
import { MIGRATIONS } from '../../../main/database/tables.ts';
import { exportHistory, openHistory, type History } from '../../../main/history/index.ts';
import { aTempFolder, type TempFolder } from '../../rig/index.ts';
import { aClock } from '../samples.ts';

let temp: TempFolder;
let file: string;
let database: Database;
let history: History;
beforeEach(() => {
  temp = aTempFolder('history');
  file = path.join(temp.path, 'groundskeeper.db');
  database = openDatabase(file);
  history = openHistory(database, aClock());
});
afterEach(async () => {
  await database.destroy();
  temp.remove();
});

const note = (summary: string, evidence: string | null = null) =>
  history.add({
    siteId: null,
    siteName: null,
    runId: null,
    kind: 'settings',
    outcome: 'done',
    summary,
    evidence,
  });

/** As somebody would who has the file and no scruples: the triggers go first. */
function tamper(statement: string): void {
  const raw = new DatabaseSync(file);
  raw.exec(
    `DROP TRIGGER IF EXISTS history_is_not_changed; DROP TRIGGER IF EXISTS history_is_not_removed; ${statement}`,
  );
  raw.close();
}

describe('the audit trail', () => {
  it('is unbroken after whatever was added, at once or one after the other', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_none, index) => note(`Entry ${index}, “quoted” \u{1F331}\n`)),
    );
    const { head, ...checked } = await history.check();
    expect(checked).toEqual({ entries: 20, broken: null });
    expect((await history.list({ limit: 1 }))[0]?.link).toBe(head);
    expect((await history.all()).map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_none, at) => at + 1),
    );
  });

  it('is neither changed nor removed through the database', async () => {
    await note('One');
    await expect(database.updateTable('history').set({ summary: 'Two' }).execute()).rejects.toThrow(
      'only added to',
    );
    await expect(database.deleteFrom('history').execute()).rejects.toThrow('only added to');
  });

  it('shows what was changed or removed past it', async () => {
    for (const word of ['One', 'Two', 'Three', 'Four']) await note(word);
    tamper("UPDATE history SET outcome = 'failed' WHERE id = 2");
    expect((await history.check()).broken).toEqual({ id: 2, why: 'changed' });
    tamper("UPDATE history SET outcome = 'done' WHERE id = 2");
    expect((await history.check()).broken).toBeNull();
    tamper('DELETE FROM history WHERE id = 3');
    expect((await history.check()).broken).toEqual({ id: 4, why: 'missing-before' });
  });

  it('ties what an older version wrote', async () => {
    await database.destroy();
    fs.rmSync(file);
    const raw = new DatabaseSync(file);
    raw.exec(`${MIGRATIONS.slice(0, 3).join(';')};
      INSERT INTO history (at, kind, outcome, summary) VALUES (1, 'check', 'done', 'Old'), (2, 'check', 'failed', 'Older');
      PRAGMA user_version=3`);
    raw.close();
    database = openDatabase(file);
    history = openHistory(database, aClock());
    await note('New');
    expect(await history.check()).toMatchObject({ entries: 3, broken: null });
  });

  it('can be checked by somebody else from its export, as the document says', async () => {
    for (const word of ['Plain', 'With “quotes”, \\ and \u2028', '日本語\u0007', '=1+1'])
      await note(word, 'ab'.repeat(32));
    const document = fs.readFileSync(
      path.join(import.meta.dirname, '..', '..', '..', 'docs', 'audit-trail.md'),
      'utf8',
    );
    const program = /```python\n([\s\S]*?)```/.exec(document)?.[1] ?? '';
    const exported = path.join(temp.path, 'history.jsonl');
    const check = () =>
      execFileSync('python3', ['-c', program, exported], { encoding: 'utf8', stdio: 'pipe' });
    fs.writeFileSync(exported, exportHistory(await history.all(), 'jsonl'));
    expect(check()).toContain((await history.check()).head);
    fs.writeFileSync(exported, fs.readFileSync(exported, 'utf8').replace('Plain', 'Plane'));
    expect(check).toThrow('entry 1 does not follow');
    const csv = exportHistory(await history.all(), 'csv');
    expect(csv.split('\n')[0]).toBe('id,at,siteId,siteName,runId,kind,outcome,summary,evidence,link');
    expect(csv).toContain("'=1+1");
  });
});
