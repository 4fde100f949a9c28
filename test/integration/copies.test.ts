import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import type { CopyState, PlaceSecrets, PlaceSettings } from '../../main/api/index.ts';
import { remotePath } from '../../main/words/index.ts';
import {
  anApp,
  anS3Storage,
  anSshHost,
  aTempFolder,
  connectionTo,
  type S3Storage,
  type SshHost,
  type TempFolder,
  type TestApp,
} from '../rig/index.ts';

let host: SshHost;
let storage: S3Storage;
beforeAll(async () => {
  [host, storage] = await Promise.all([anSshHost(), anS3Storage()]);
});
afterAll(async () => {
  await Promise.all([host.stop(), storage[Symbol.asyncDispose]()]);
});

let temp: TempFolder;
let app: TestApp;
beforeEach(async () => {
  temp = aTempFolder('copies');
  app = await anApp(null, path.join(temp.path, 'data'));
});
afterEach(async () => {
  await app.close();
  temp.remove();
});

/** A place and what a test does to it behind the app's back. */
interface TestPlace {
  readonly place: PlaceSettings;
  readonly secrets: PlaceSecrets;
  files(): string[];
  spoil(name: string): void;
  lose(name: string): void;
}

const none: PlaceSecrets = { passwords: [], passphrases: [], secretAccessKey: null };

/** One byte in the middle is another one; how long it is stays. */
function flipped(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const at = Math.floor(bytes.length / 2);
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
  return changed;
}

function inFolder(folder: string) {
  return {
    files: () =>
      fs
        .readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => fs.statSync(path.join(folder, name)).isFile()),
    spoil(name: string) {
      const file = path.join(folder, name);
      fs.writeFileSync(file, flipped(fs.readFileSync(file)));
    },
    lose: (name: string) => fs.rmSync(path.join(folder, name)),
  };
}

const PLACES: Record<string, () => Promise<TestPlace>> = {
  async 'a folder'() {
    const folder = path.join(temp.path, 'disk', 'copy');
    return { place: { kind: 'folder', folder }, secrets: none, ...inFolder(folder) };
  },
  async 'an SSH host'() {
    const folder = fs.mkdtempSync(path.join(host.folder, 'copies-'));
    fs.chownSync(folder, host.account.uid, host.account.gid);
    const connection = { ...connectionTo(host), jump: [], configHost: null };
    const place: PlaceSettings = { kind: 'ssh', connection, folder: `${folder}/below/copy` };
    const trial = await app.client.copies.test({ place });
    if (trial.outcome === 'unknown-host') await app.client.connections.trust({ key: trial.key });
    return { place, secrets: none, ...inFolder(place.folder) };
  },
  async 'S3-compatible storage'() {
    const prefix = crypto.randomBytes(6).toString('hex');
    const { endpoint, bucket, accessKeyId, secretAccessKey } = storage;
    const keyOf = (name: string) => `${prefix}/${name}`;
    return {
      place: { kind: 's3', endpoint, bucket, accessKeyId, region: 'us-east-1', prefix },
      secrets: { ...none, secretAccessKey },
      files: () =>
        storage
          .objects()
          .filter((name) => name.startsWith(`${prefix}/`))
          .map((name) => name.slice(prefix.length + 1)),
      spoil: (name) => storage.spoil(keyOf(name), flipped),
      lose: (name) => storage.lose(keyOf(name)),
    };
  },
};

/** A site on this computer whose files a test writes. */
async function aFolderSite(name = 'Bakery') {
  const root = path.join(temp.path, `site-${name}`);
  fs.mkdirSync(root);
  const site = await app.client.sites.add({
    draft: {
      name,
      url: 'https://bakery.example/',
      platform: 'files',
      root: remotePath(root),
      connection: { kind: 'local' },
    },
  });
  return {
    id: site.id,
    /** Writes a new file and backs the site up. */
    async backUp(file = `${crypto.randomBytes(6).toString('hex')}.bin`, bytes = crypto.randomBytes(60_000)) {
      fs.writeFileSync(path.join(root, file), bytes);
      const run = await app.ended(await app.client.backups.start({ siteId: site.id }));
      expect(run).toMatchObject({ state: 'done' });
      const [backup] = await app.client.backups.list({ siteId: site.id });
      if (backup === undefined) throw new Error('no backup');
      return backup;
    },
  };
}

async function added({ place, secrets }: TestPlace, name = 'Second'): Promise<CopyState> {
  const { copy, runId } = await app.client.copies.add({ draft: { name, place }, secrets });
  expect(await app.ended({ runId })).toMatchObject({ state: 'done', problem: null });
  return state(copy.id);
}

async function state(id: CopyState['id']): Promise<CopyState> {
  const copy = (await app.client.copies.list({})).find((one) => one.id === id);
  if (copy === undefined) throw new Error('no such copy');
  return copy;
}

const updated = async (id: CopyState['id'], letGo = false) =>
  app.ended(await app.client.copies.update({ copyId: id, letGo }));
const verified = async (id: CopyState['id'], given: { depth?: 'quick' | 'deep'; download?: boolean } = {}) =>
  app.ended(await app.client.copies.verify({ copyId: id, ...given }));

/** The files of a store or a copy, apart from what only the store's own folder has. */
const ofTheStore = (names: readonly string[]) =>
  names.filter((name) => /^(config\.json|packs\/|snapshots\/|marks\/)/.test(name)).sort();
const storeFiles = (folder: string) => ofTheStore(inFolder(folder).files());
const storeFolder = () => path.join(app.dataFolder, 'store');

describe.each(Object.entries(PLACES))('a copy in %s', (_kind, aPlace) => {
  it('holds what the store holds, file by file, and is sent only what is new', async () => {
    const site = await aFolderSite();
    await site.backUp();
    const place = await aPlace();
    const copy = await added(place);
    expect(ofTheStore(place.files())).toEqual(storeFiles(storeFolder()));
    expect(copy).toMatchObject({ behind: 0, backups: 1, problem: null });

    await site.backUp();
    expect(await state(copy.id)).toMatchObject({ behind: 1 });
    const run = await updated(copy.id);
    expect(run).toMatchObject({ state: 'done' });
    expect(run.summary).toMatch(/[567]\d kB sent/);
    expect(place.files().sort()).toEqual(storeFiles(storeFolder()));
    expect((await updated(copy.id)).summary).toContain('everything already');
  });

  it('loses what was removed here and pruned, after the new state is there', async () => {
    const site = await aFolderSite();
    const first = await site.backUp('page.bin');
    for (let count = 0; count < 3; count += 1) await site.backUp('page.bin');
    const place = await aPlace();
    const copy = await added(place);
    await app.client.backups.remove({ backupId: first.id });
    await app.ended(await app.client.store.prune({}));
    expect(await updated(copy.id)).toMatchObject({ state: 'done' });
    expect(place.files().sort()).toEqual(storeFiles(storeFolder()));
    expect(place.files()).not.toContain(`snapshots/${first.id}.snapshot`);
  });

  it('is found damaged by a flipped byte and a missing file, by name, and is healed', async () => {
    const site = await aFolderSite();
    await site.backUp();
    await site.backUp();
    const place = await aPlace();
    const copy = await added(place);
    expect(await verified(copy.id)).toMatchObject({ state: 'done' });

    const [flippedPack = '', lostPack = ''] = place.files().filter((name) => name.endsWith('.pack'));
    const flippedRecord = place.files().find((name) => name.endsWith('.snapshot')) ?? '';
    place.spoil(flippedPack);
    place.spoil(flippedRecord);
    place.lose(lostPack);
    const run = await verified(copy.id);
    expect(run.summary).toContain('3 files were damaged and sent again');
    const { log } = await app.client.runs.show({ runId: run.id });
    for (const name of [flippedPack, lostPack, flippedRecord])
      expect(log.map(({ text }) => text).join('\n')).toContain(name);
    expect((await verified(copy.id, { download: true })).summary).not.toContain('damaged');
    expect((await state(copy.id)).verified).toMatchObject({ depth: 'deep' });
  });

  it('gives back what is damaged, missing and lost in the store', async () => {
    const site = await aFolderSite();
    const kept = await site.backUp('page.bin');
    const lost = await site.backUp('other.bin');
    const place = await aPlace();
    const copy = await added(place);
    const before = storeFiles(storeFolder());
    const own = inFolder(storeFolder());
    const [damagedPack = '', missingPack = ''] = before.filter((name) => name.endsWith('.pack'));
    own.spoil(damagedPack);
    own.lose(missingPack);
    own.lose(`snapshots/${lost.id}.snapshot`);

    const run = await app.ended(await app.client.copies.heal({ copyId: copy.id }));
    expect(run).toMatchObject({ state: 'done', problem: null });
    expect(storeFiles(storeFolder())).toEqual(before);
    expect((await app.client.backups.list({})).map(({ id }) => id).sort()).toEqual([kept.id, lost.id].sort());
    expect(await app.ended(await app.client.backups.verify({}))).toMatchObject({ state: 'done' });
  });

  it('follows pins, and gives back one that the store lost', async () => {
    const site = await aFolderSite();
    const { id } = await site.backUp();
    const place = await aPlace();
    const copy = await added(place);
    const marks = () => place.files().filter((name) => name.endsWith('.mark'));
    expect(marks()).toEqual([]);
    await app.client.backups.pin({ backupId: id, note: 'first' });
    await app.client.backups.pin({ backupId: id, note: 'second' });
    await updated(copy.id);
    expect(marks()).toEqual([`marks/${id}.2.mark`]);
    await app.client.backups.pin({ backupId: id, note: 'third' });
    await updated(copy.id);
    expect(marks()).toEqual([`marks/${id}.3.mark`]);

    fs.rmSync(path.join(storeFolder(), marks()[0] ?? ''));
    await updated(copy.id);
    expect(marks()).toEqual([`marks/${id}.3.mark`]);
    expect(await app.ended(await app.client.copies.heal({ copyId: copy.id }))).toMatchObject({
      state: 'done',
    });
    expect(await app.client.backups.list({})).toMatchObject([{ id, pin: { note: 'third' } }]);
  });

  it('outlives a store that was wiped', async () => {
    const site = await aFolderSite();
    await site.backUp();
    await site.backUp();
    const place = await aPlace();
    const copy = await added(place);
    const before = place.files().sort();
    for (const name of storeFiles(storeFolder()))
      if (name !== 'config.json') fs.rmSync(path.join(storeFolder(), name));
    await app.close();
    app = await anApp(null, app.dataFolder);
    // A keychain of one session has forgotten what the storage wants to hear.
    await app.client.copies.edit({ copyId: copy.id, edit: {}, secrets: place.secrets });

    const run = await updated(copy.id);
    expect(run.problem).toMatchObject({ code: 'copy-has-more' });
    expect(place.files().sort()).toEqual(before);
    expect((await state(copy.id)).problem).toMatchObject({ code: 'copy-has-more' });
    expect(await app.ended(await app.client.copies.heal({ copyId: copy.id }))).toMatchObject({
      state: 'done',
    });
    expect(await app.client.backups.list({})).toHaveLength(2);
  });

  it('comes back whole on a computer that has nothing but the phrase', async () => {
    const site = await aFolderSite();
    const bytes = crypto.randomBytes(900_000);
    const backup = await site.backUp('big.bin', bytes);
    const { phrase } = await app.client.store.makePhrase({});
    const place = await aPlace();
    await added(place);
    await app.close();
    fs.rmSync(app.dataFolder, { recursive: true });

    app = await anApp(null, path.join(temp.path, 'new'));
    if (place.place.kind === 'ssh') {
      const trial = await app.client.copies.test({ place: place.place });
      if (trial.outcome === 'unknown-host') await app.client.connections.trust({ key: trial.key });
    }
    const run = await app.ended(
      await app.client.copies.bringBack({
        draft: { name: 'From before', place: place.place },
        secrets: place.secrets,
      }),
    );
    expect(run).toMatchObject({ state: 'done', problem: null });
    expect(await app.client.store.state({})).toMatchObject({ locked: true });
    await app.client.store.unlock({ phrase });
    const file = await app.client.backups.file({ backupId: backup.id, path: 'big.bin', limit: 4_000_000 });
    expect(Buffer.from(file.base64, 'base64').equals(bytes)).toBe(true);
    expect(await app.ended(await app.client.backups.verify({}))).toMatchObject({ state: 'done' });
    // The new computer goes on with the same copy.
    expect(await app.client.copies.list({})).toMatchObject([{ name: 'From before', behind: 0, backups: 1 }]);
  });
});

describe('a copy', () => {
  it('that cannot be reached is away, not damaged, and is caught up with afterwards', async () => {
    const site = await aFolderSite();
    await site.backUp();
    const place = await (PLACES['an SSH host'] ?? expect.unreachable)();
    const copy = await added(place);
    await site.backUp();
    await host.down();
    const run = await updated(copy.id);
    await host.up();
    expect(run).toMatchObject({ state: 'failed' });
    expect(await state(copy.id)).toMatchObject({ behind: 1, backups: 1 });
    expect(await updated(copy.id)).toMatchObject({ state: 'done' });
    expect(await state(copy.id)).toMatchObject({ behind: 0, problem: null });
  });

  it('on a disk that is not connected is not made anew in its mount point', async () => {
    const site = await aFolderSite();
    await site.backUp();
    const mounted = path.join(temp.path, 'mount');
    const copy = await added({
      place: { kind: 'folder', folder: mounted },
      secrets: none,
      ...inFolder(mounted),
    });
    fs.renameSync(mounted, `${mounted}-elsewhere`);
    fs.mkdirSync(mounted);
    expect((await updated(copy.id)).problem).toMatchObject({ code: 'place-away' });
    fs.rmSync(mounted, { recursive: true });
    expect((await verified(copy.id)).problem).toMatchObject({ code: 'place-away' });
    expect(fs.existsSync(mounted)).toBe(false);
    fs.renameSync(`${mounted}-elsewhere`, mounted);
    expect(await verified(copy.id)).toMatchObject({ state: 'done' });
  });

  it('asks before much of it goes at once', async () => {
    const site = await aFolderSite();
    const backups = [];
    for (let count = 0; count < 5; count += 1) backups.push(await site.backUp('page.bin'));
    const folder = path.join(temp.path, 'copy');
    const copy = await added({ place: { kind: 'folder', folder }, secrets: none, ...inFolder(folder) });
    for (const backup of backups.slice(0, 4)) await app.client.backups.remove({ backupId: backup.id });
    expect((await updated(copy.id)).problem).toMatchObject({ code: 'copy-would-shrink' });
    expect(storeFiles(folder).filter((name) => name.endsWith('.snapshot'))).toHaveLength(5);
    expect(await updated(copy.id, true)).toMatchObject({ state: 'done' });
    expect(storeFiles(folder).filter((name) => name.endsWith('.snapshot'))).toHaveLength(1);
  });

  it('of another store is never written to', async () => {
    await (await aFolderSite()).backUp();
    const folder = path.join(temp.path, 'copy');
    fs.mkdirSync(folder);
    fs.writeFileSync(
      path.join(folder, 'config.json'),
      JSON.stringify({ format: 2, id: 'a'.repeat(32), sealed: false, phrase: null }),
    );
    const draft = { name: 'Taken', place: { kind: 'folder' as const, folder } };
    await expect(app.client.copies.add({ draft })).rejects.toMatchObject({ code: 'copy-of-another' });
    fs.writeFileSync(path.join(folder, 'holiday.jpg'), '');
    expect(await app.client.copies.test({ place: draft.place })).toMatchObject({
      outcome: 'failed',
      problem: { code: 'place-taken' },
    });
  });

  it('survives a connection that is cut at any point of an update, and is finished afterwards', async () => {
    const site = await aFolderSite();
    await site.backUp();
    const place = await (PLACES['an SSH host'] ?? expect.unreachable)();
    const copy = await added(place);
    for (let count = 0; count < 6; count += 1) {
      await site.backUp('page.bin', crypto.randomBytes(700_000));
      const { runId } = await app.client.copies.update({ copyId: copy.id });
      // The first session that there is, sooner or later.
      const cutting = setInterval(
        () => {
          if (host.cutSessions() > 0) clearInterval(cutting);
        },
        5 + count * 15,
      );
      await app.ended({ runId });
      clearInterval(cutting);
    }
    expect(await updated(copy.id)).toMatchObject({ state: 'done' });
    expect(await verified(copy.id, { download: true })).toMatchObject({ state: 'done' });
    expect(ofTheStore(place.files())).toEqual(storeFiles(storeFolder()));
    expect(place.files().filter((name) => name.includes('.new-'))).toEqual([]);
  });
});

describe('a copy whose store gets a new recovery phrase', () => {
  it('opens by a new recovery phrase as soon as that is confirmed', async () => {
    const site = await aFolderSite();
    await site.backUp();
    const first = await app.client.store.makePhrase({});
    await app.client.store.confirmPhrase(first);
    const place = await (PLACES['a folder'] ?? expect.unreachable)();
    const copy = await added(place);
    expect(await state(copy.id)).toMatchObject({ oldPhrase: false });
    const second = await app.client.store.makePhrase({});
    await updated(copy.id);
    const { runIds } = await app.client.store.confirmPhrase(second);
    for (const runId of runIds) expect(await app.ended({ runId })).toMatchObject({ state: 'done' });
    expect(runIds).toHaveLength(1);
    expect(await state(copy.id)).toMatchObject({ oldPhrase: false });

    // One that is brought up to date by hand only is not forgotten.
    await app.client.copies.edit({ copyId: copy.id, edit: { automatic: false }, secrets: place.secrets });
    const third = await app.client.store.makePhrase({});
    expect(await app.client.store.confirmPhrase(third)).toMatchObject({ runIds: [] });
    expect(await state(copy.id)).toMatchObject({ oldPhrase: true });
    expect(await verified(copy.id)).toMatchObject({ state: 'done', problem: null });
    await updated(copy.id);
    expect(await state(copy.id)).toMatchObject({ oldPhrase: false });
    await app.close();
    fs.rmSync(app.dataFolder, { recursive: true });

    app = await anApp(null, path.join(temp.path, 'new'));
    const draft = { name: 'From before', place: place.place };
    await app.ended(await app.client.copies.bringBack({ draft, secrets: place.secrets }));
    for (const { phrase } of [first, second])
      await expect(app.client.store.unlock({ phrase })).rejects.toMatchObject({ code: 'wrong-phrase' });
    await app.client.store.unlock(third);
    expect(await app.client.backups.list({})).toHaveLength(1);
  }, 60_000);
});

describe('moving the store', () => {
  it('takes everything along, and reading goes on', async () => {
    const site = await aFolderSite();
    const bytes = crypto.randomBytes(300_000);
    const backup = await site.backUp('page.bin', bytes);
    const folder = path.join(temp.path, 'other disk', 'store');
    expect(await app.ended(await app.client.store.move({ folder }))).toMatchObject({
      state: 'done',
      problem: null,
    });
    expect(await app.client.store.state({})).toMatchObject({ folder, away: false, locked: false });
    expect(fs.existsSync(storeFolder())).toBe(false);
    const file = await app.client.backups.file({ backupId: backup.id, path: 'page.bin', limit: 4_000_000 });
    expect(Buffer.from(file.base64, 'base64').equals(bytes)).toBe(true);
    await site.backUp();
    await app.close();

    // The disk is away: the app opens, says so, and makes nothing anew.
    fs.renameSync(folder, `${folder}-away`);
    app = await anApp(null, app.dataFolder);
    expect(await app.client.store.state({})).toMatchObject({ away: true, folder });
    await expect(app.client.backups.list({})).rejects.toMatchObject({ code: 'store-away' });
    expect(fs.existsSync(folder)).toBe(false);
    fs.renameSync(`${folder}-away`, folder);
    expect(await app.client.backups.list({})).toHaveLength(2);
    expect(await app.client.store.state({})).toMatchObject({ away: false });
  });

  it('refuses what is no place for it', async () => {
    await (await aFolderSite()).backUp();
    const refused = async (folder: string) =>
      app.client.store.move({ folder }).then(
        () => 'allowed',
        (problem: { code: string }) => problem.code,
      );
    fs.mkdirSync(path.join(temp.path, 'full'));
    fs.writeFileSync(path.join(temp.path, 'full', 'holiday.jpg'), '');
    fs.symlinkSync(storeFolder(), path.join(temp.path, 'link'));
    expect(await refused(storeFolder())).toBe('same-folder');
    expect(await refused(path.join(temp.path, 'link'))).toBe('same-folder');
    expect(await refused(path.join(storeFolder(), 'packs', 'ab'))).toBe('inside-store');
    expect(await refused(path.join(temp.path, 'link', 'below'))).toBe('inside-store');
    expect(await refused(path.join(temp.path, 'full'))).toBe('place-taken');
  });
});
