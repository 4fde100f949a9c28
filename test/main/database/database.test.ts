import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, takeOwnership } from '../../../main/database/index.ts';
import { aTempFolder, type TempFolder } from '../../rig/index.ts';

let temp: TempFolder;
beforeEach(() => {
  temp = aTempFolder('data');
});
afterEach(() => temp.remove());

/** Another process that tries to own the folder; `said` is what it found. */
async function another(folder: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'owner-child.ts'), folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: String(said).trim() };
}
async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('the data folder', () => {
  it('belongs to one process at a time', async () => {
    const mine = takeOwnership(temp.path);
    const { child, said } = await another(temp.path);
    await killed(child);
    expect([mine === null, said]).toEqual([false, 'refused']);
    mine?.release();
    expect(takeOwnership(temp.path)).not.toBeNull();
  });

  it('is free again at once when its owner is killed', async () => {
    const { child, said } = await another(temp.path);
    expect([said, takeOwnership(temp.path)]).toEqual(['mine', null]);
    await killed(child);
    expect(takeOwnership(temp.path)).not.toBeNull();
  });

  it('is not owned twice by one process', () => {
    expect([takeOwnership(temp.path) === null, takeOwnership(temp.path) === null]).toEqual([false, true]);
  });

  it('is made where it is not there, for nobody else', () => {
    const folder = path.join(temp.path, 'new/data');
    takeOwnership(folder);
    expect(fs.statSync(folder).mode & 0o077).toBe(0);
  });
});

describe('the database', () => {
  const file = () => path.join(temp.path, 'groundskeeper.db');
  const entry = {
    at: 1,
    site_id: null,
    site_name: null,
    run_id: null,
    kind: 'note',
    outcome: 'done',
    summary: 'It was here.',
    link: '',
  };

  it('keeps what was written, also when it is opened anew', async () => {
    const database = openDatabase(file());
    await database.insertInto('history').values(entry).execute();
    await database.destroy();
    const again = openDatabase(file());
    expect(await again.selectFrom('history').selectAll().execute()).toMatchObject([entry]);
    await again.destroy();
  });

  it('keeps what was written by a process that is killed the moment after', async () => {
    const writer = `import { openDatabase } from ${JSON.stringify(path.resolve('main/database/index.ts'))};
      const database = openDatabase(${JSON.stringify(file())});
      await database.insertInto('history').values(${JSON.stringify(entry)}).execute();
      process.kill(process.pid, 'SIGKILL');`;
    await once(spawn(process.execPath, ['--input-type=module', '-e', writer], { stdio: 'inherit' }), 'close');
    const database = openDatabase(file());
    expect(await database.selectFrom('history').select('summary').execute()).toEqual([
      { summary: 'It was here.' },
    ]);
    await database.destroy();
  });

  it('of a newer Groundskeeper is left alone', () => {
    const raw = new DatabaseSync(file());
    raw.exec('PRAGMA user_version = 999');
    raw.close();
    expect(() => openDatabase(file())).toThrow(expect.objectContaining({ code: 'database-newer' }));
  });

  it('that is none says so, and is left as it is', () => {
    fs.writeFileSync(file(), 'this is no database, but it may be somebody’s file');
    expect(() => openDatabase(file())).toThrow(
      expect.objectContaining({ code: 'database-unreadable', attempted: `Open ${file()}` }),
    );
    expect(fs.readFileSync(file(), 'utf8')).toContain('somebody’s file');
  });
});
