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
  names.filter((name) => /^(config\.json|packs\/|snapshots\/)/.test(name)).sort();
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

    const run = await updated(copy.id);
    expect(run.problem).toMatchObject({ code: 'copy-has-more' });
    expect(place.files().sort()).toEqual(before);
    expect((await state(copy.id)).problem).toMatchObject({ code: 'copy-has-more' });
    if (place.secrets.secretAccessKey !== null) return;
    // A session keychain forgets the storage's secret; the others need none.
    expect(await app.ended(await app.client.copies.heal({ copyId: copy.id }))).toMatchObject({
      state: 'done',
    });
    expect(await app.client.backups.list({})).toHaveLength(2);
  });
});
