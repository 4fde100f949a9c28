import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyFile, openStore } from '../../../../main/backups/index.ts';
import { Config, readConfig } from '../../../../main/backups/store/config.ts';
import { openRecovery } from '../../../../main/backups/store/recovery.ts';
import { keysOf, newPhrase, readPhrase, seal, unseal } from '../../../../main/backups/store/keys.ts';
import { aTempFolder } from '../../../rig/index.ts';
import { never, quietly } from '../../samples.ts';
import { aStore, inHex } from './sample.ts';

const files = {
  'wp-config.php': Buffer.from("<?php define('DB_PASSWORD', 'opensesame');"),
  noise: randomBytes(300_000),
};

function everyFile(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => fs.statSync(file).isFile());
}

describe('a sealed store', () => {
  it('shows nothing of what is in it: no content, no names, no hashes of known files', async () => {
    using place = await aStore();
    const { id } = await place.take(files);
    const hash = keysOf(null).blobId(files.noise);
    await place.store.close();
    for (const file of everyFile(place.folder)) {
      const bytes = fs.readFileSync(file);
      for (const text of ['opensesame', 'wp-config', 'Bakery'])
        expect(bytes.includes(text), `${text} in ${file}`).toBe(false);
      expect(bytes.includes(Buffer.from(hash, 'hex')), `a hash in ${file}`).toBe(false);
    }
    await place.reopen();
    expect(await place.contentOf(id)).toEqual(inHex(files));
  });

  it('keeps its key for nobody else to read', async () => {
    using temp = disposable(aTempFolder('keys'));
    const file = path.join(temp.path, 'keys');
    using _place = await aStore({ keeper: keyFile(file) });
    expect(fs.statSync(file).mode & 0o077).toBe(0);
  });

  it('is locked on another computer until its recovery phrase is given, however that is typed', async () => {
    using place = await aStore();
    const { id } = await place.take(files);
    expect(place.store.state()).toMatchObject({ sealed: true, locked: false, hasPhrase: false });
    const phrase = await place.store.makePhrase();
    expect(phrase).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}$/);
    await place.store.confirmPhrase(phrase);

    using temp = disposable(aTempFolder('keys'));
    const elsewhere = keyFile(path.join(temp.path, 'keys'));
    await place.reopen(elsewhere);
    expect(place.store.state()).toMatchObject({ locked: true, hasPhrase: true });
    await expect(place.store.list()).rejects.toMatchObject({ code: 'store-locked' });
    await expect(place.store.open(id)).rejects.toMatchObject({ code: 'store-locked' });
    await expect(place.store.verify(null, never, quietly)).rejects.toMatchObject({ code: 'store-locked' });
    await expect(place.store.unlock('ABCDE')).rejects.toMatchObject({ code: 'phrase-mistyped' });
    await expect(place.store.unlock(newPhrase())).rejects.toMatchObject({ code: 'wrong-phrase' });
    await place.store.unlock(phrase.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o'));
    expect(await place.contentOf(id)).toEqual(inHex(files));
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
    await place.reopen(elsewhere);
    expect(place.store.state()).toMatchObject({ locked: false });
  }, 60_000);

  describe('a new recovery phrase', () => {
    /** Which phrases open the store as it lies there now, on a computer that has not its key. */
    async function opening(folder: string, phrases: readonly string[]): Promise<readonly string[]> {
      const config = await readConfig(path.join(folder, 'config.json'));
      if (config === null) return [];
      const recovery = openRecovery('', config, Date.now);
      const opens = await Promise.all(
        phrases.map((phrase) =>
          recovery.unwrap(phrase).then(
            () => true,
            (error: unknown) => {
              expect(error).toMatchObject({ code: 'wrong-phrase' });
              return false;
            },
          ),
        ),
      );
      return phrases.filter((_, at) => opens[at]);
    }

    it('replaces the one before when it is confirmed, not when it is made', async () => {
      using place = await aStore();
      const old = await place.store.makePhrase();
      expect(place.store.state()).toMatchObject({ hasPhrase: false, phraseAt: null, phraseWaits: true });
      await place.store.confirmPhrase(old);
      expect(place.store.state()).toMatchObject({
        hasPhrase: true,
        phraseAt: expect.any(Number) as number,
        phraseWaits: false,
      });
      const unkept = await place.store.makePhrase();
      expect(await opening(place.folder, [old, unkept])).toEqual([old, unkept]);
      const kept = await place.store.makePhrase();
      expect(await opening(place.folder, [old, unkept, kept])).toEqual([old, kept]);
      await place.store.confirmPhrase(kept.toLowerCase());
      expect(await opening(place.folder, [old, unkept, kept])).toEqual([kept]);
      // The answer was lost, and it is asked again.
      await place.store.confirmPhrase(kept);
      expect(place.store.state()).toMatchObject({ hasPhrase: true, phraseWaits: false });
      expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
    }, 60_000);

    it('that was never mind is forgotten; another one is not confirmed in its place', async () => {
      using place = await aStore();
      const old = await place.store.makePhrase();
      await place.store.confirmPhrase(old);
      const unkept = await place.store.makePhrase();
      await place.reopen();
      expect(place.store.state()).toMatchObject({ hasPhrase: true, phraseWaits: true });
      await expect(place.store.confirmPhrase(newPhrase())).rejects.toMatchObject({
        code: 'phrase-not-waiting',
      });
      await place.store.dropPhrase();
      expect(place.store.state()).toMatchObject({ hasPhrase: true, phraseWaits: false });
      expect(await opening(place.folder, [old, unkept])).toEqual([old]);
      await expect(place.store.confirmPhrase(unkept)).rejects.toMatchObject({ code: 'phrase-not-waiting' });
      expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
    }, 60_000);

    it('opens the store on another computer before it is confirmed, and can be confirmed there', async () => {
      using place = await aStore();
      const phrase = await place.store.makePhrase();
      using temp = disposable(aTempFolder('keys'));
      await place.reopen(keyFile(path.join(temp.path, 'keys')));
      await expect(place.store.confirmPhrase(phrase)).rejects.toMatchObject({ code: 'store-locked' });
      await place.store.unlock(phrase);
      expect(place.store.state()).toMatchObject({ locked: false, hasPhrase: false, phraseWaits: true });
      await place.store.confirmPhrase(phrase);
      expect(await opening(place.folder, [phrase])).toEqual([phrase]);
    }, 60_000);

    it('of a store from before phrases were confirmed still opens it', async () => {
      using place = await aStore();
      const phrase = await place.store.makePhrase();
      const file = path.join(place.folder, 'config.json');
      const { next, ...rest } = Config.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
      fs.writeFileSync(file, `${JSON.stringify({ ...rest, phrase: next }, null, 1)}\n`);
      await place.reopen();
      expect(place.store.state()).toMatchObject({ hasPhrase: true, phraseAt: null, phraseWaits: false });
      expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
      const another = await place.store.makePhrase();
      await place.store.dropPhrase();
      expect(await opening(place.folder, [phrase, another])).toEqual([phrase]);
    }, 60_000);
  });

  it('without a phrase says what is missing', async () => {
    using place = await aStore();
    using temp = disposable(aTempFolder('keys'));
    await place.reopen(keyFile(path.join(temp.path, 'keys')));
    await expect(place.store.unlock(newPhrase())).rejects.toMatchObject({ code: 'no-phrase' });
  });

  it('takes no pack of another store for its own', async () => {
    using one = await aStore();
    using other = await aStore();
    await one.take(files);
    const { id } = await other.take({ a: Buffer.from('a') });
    await other.store.close();
    for (const file of everyFile(path.join(one.folder, 'packs'))) {
      const to = path.join(other.folder, 'packs', path.relative(path.join(one.folder, 'packs'), file));
      fs.mkdirSync(path.dirname(to), { recursive: true });
      fs.copyFileSync(file, to);
    }
    await other.reopen();
    expect(await other.contentOf(id)).toEqual(inHex({ a: Buffer.from('a') }));
    expect((await other.take(files)).addedBytes).toBeGreaterThan(300_000);
  });

  it('refuses a snapshot that stands for another, or was changed anywhere', async () => {
    using place = await aStore();
    const first = await place.take({ a: Buffer.from('a') });
    const second = await place.take({ b: Buffer.from('b') });
    const file = (id: string) => path.join(place.folder, 'snapshots', `${id}.snapshot`);
    const good = fs.readFileSync(file(second.id));
    fs.copyFileSync(file(first.id), file(second.id));
    await place.reopen();
    await expect(place.store.open(second.id)).rejects.toMatchObject({ code: 'store-damaged' });
    for (let at = 0; at < good.length; at += 7) {
      const bad = Buffer.from(good);
      bad.writeUInt8(good.readUInt8(at) ^ 1, at);
      fs.writeFileSync(file(second.id), bad);
      await expect(place.store.open(second.id)).rejects.toMatchObject({ code: 'store-damaged' });
    }
  });

  it('is used by one Groundskeeper at a time', async () => {
    using place = await aStore();
    await expect(openStore(place.folder, { clock: Date.now, keeper: place.keeper })).rejects.toMatchObject({
      code: 'store-in-use',
    });
  });
});

describe('a disk that is not there for a while', () => {
  it('is said, and nothing is forgotten for it; what was forgotten can be found again', async () => {
    using place = await aStore();
    const { id } = await place.take(files);
    const packs = path.join(place.folder, 'packs');
    fs.renameSync(packs, `${packs}-away`);
    const snapshot = await place.store.open(id);
    await expect(snapshot.tree(snapshot.root)).rejects.toMatchObject({ code: 'store-unreadable' });
    expect((await place.store.verify([id], never, quietly)).damage.join()).toContain(id);
    expect(fs.existsSync(packs), 'a folder was made where the disk should be').toBe(false);
    fs.renameSync(`${packs}-away`, packs);
    expect(await place.contentOf(id)).toEqual(inHex(files));
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);

    const [pack = ''] = everyFile(packs);
    const good = fs.readFileSync(pack);
    fs.writeFileSync(pack, Buffer.alloc(good.length));
    expect((await place.store.verify(null, never, quietly)).damage).not.toEqual([]);
    fs.writeFileSync(pack, good);
    await place.store.rebuildIndex();
    expect(await place.contentOf(id)).toEqual(inHex(files));
  });
});

describe('an open store', () => {
  it('is one that was made so; its damage is found as well', async () => {
    using place = await aStore({ keeper: null });
    const { id } = await place.take(files);
    expect(place.store.state()).toMatchObject({ sealed: false, locked: false });
    await expect(place.store.makePhrase()).rejects.toMatchObject({ code: 'store-open' });
    expect(await place.contentOf(id)).toEqual(inHex(files));
    const [pack = ''] = everyFile(path.join(place.folder, 'packs'));
    const good = fs.readFileSync(pack);
    for (let at = 0; at < good.length; at += 30_011) {
      const bad = Buffer.from(good);
      bad.writeUInt8(good.readUInt8(at) ^ 1, at);
      fs.writeFileSync(pack, bad);
      await place.reopen();
      expect((await place.store.verify(null, never, quietly)).damage, `byte ${at}`).not.toEqual([]);
      fs.writeFileSync(pack, good);
      for (const suffix of ['', '-wal', '-shm']) {
        await place.store.close();
        fs.rmSync(path.join(place.folder, `index.db${suffix}`), { force: true });
      }
      await place.reopen();
    }
    expect((await place.store.verify(null, never, quietly)).damage).toEqual([]);
  }, 60_000);
});

describe('the pieces of sealing', () => {
  it('a phrase is read back as it was made; a slip in it is noticed nearly always', () => {
    let unnoticed = 0;
    fc.assert(
      fc.property(fc.nat(29), fc.nat(31), (at, letter) => {
        const phrase = newPhrase();
        expect(readPhrase(phrase)).toBe(phrase);
        const letters = phrase.replaceAll('-', '').split('');
        const other = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[letter] ?? '0';
        if (letters[at] === other) return;
        letters[at] = other;
        try {
          readPhrase(letters.join(''));
          unnoticed += 1;
        } catch {
          // Noticed.
        }
      }),
      { numRuns: 500 },
    );
    expect(unnoticed).toBeLessThan(5);
  });

  it('what was sealed is refused when a bit of it, of its place or of its key differs', () => {
    const key = randomBytes(32);
    const nonce = Buffer.alloc(12);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(7), (plain, where, bit) => {
        const bound = Buffer.from('place');
        const sealed = seal(key, nonce, bound, Buffer.from(plain));
        expect(unseal(key, nonce, bound, sealed).equals(Buffer.from(plain))).toBe(true);
        const bad = Buffer.from(sealed);
        const at = where % bad.length;
        bad.writeUInt8(bad.readUInt8(at) ^ (1 << bit), at);
        expect(() => unseal(key, nonce, bound, bad)).toThrow();
        expect(() => unseal(key, nonce, Buffer.from('elsewhere'), sealed)).toThrow();
        expect(() => unseal(randomBytes(32), nonce, bound, sealed)).toThrow();
      }),
    );
  });
});

function disposable<T extends { remove(): void }>(given: T): T & Disposable {
  return { ...given, [Symbol.dispose]: () => given.remove() };
}
