import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keysOf, type StoreKeys } from '../../../../main/backups/store/keys.ts';
import {
  CODEC,
  compressBlob,
  decodeBlob,
  frameBlob,
  headerMatches,
  packHeader,
  packTable,
  readPackTable,
  salvagePack,
  type BlobPlace,
} from '../../../../main/backups/store/pack.ts';

const KINDS: readonly (readonly [string, StoreKeys])[] = [
  ['sealed', keysOf(randomBytes(32))],
  ['open', keysOf(null)],
];
/** Contents that compress and such that do not, some too small to. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.string({ maxLength: 20 }), fc.nat(60)).map(([text, times]) => Buffer.from(text.repeat(times))),
);
const contents = fc.uniqueArray(content, {
  maxLength: 8,
  selector: (bytes) => Buffer.from(bytes).toString('hex'),
});

function packOf(keys: StoreKeys, given: readonly Uint8Array[]) {
  const salt = keys.sealed ? randomBytes(32) : Buffer.alloc(32);
  const room = Buffer.alloc(40 + given.reduce((sum, { length }) => sum + 48 + length + 16, 0));
  const places: BlobPlace[] = [];
  let size = packHeader(keys, salt).copy(room);
  for (const one of given) {
    const bytes = Buffer.from(one);
    const blob = { id: keys.blobId(bytes), raw: bytes.length, ...compressBlob(bytes) };
    const place = frameBlob(keys, salt, room, size, blob);
    places.push(place);
    size = place.offset + place.stored;
  }
  return { pack: Buffer.concat([room.subarray(0, size), packTable(places)]), places, salt };
}

const tableOf = (keys: StoreKeys, pack: Buffer) =>
  readPackTable('p', pack.length, keys, async (from, length) => pack.subarray(from, from + length));
const payloadOf = (pack: Buffer, { offset, stored }: BlobPlace) => pack.subarray(offset, offset + stored);

describe.each(KINDS)('a pack of a store that is %s', (_name, keys) => {
  it('gives back its table and every blob, from the table or without it', async () => {
    await fc.assert(
      fc.asyncProperty(contents, async (given) => {
        const { pack, places, salt } = packOf(keys, given);
        expect(await tableOf(keys, pack)).toEqual({ salt, places });
        expect(places.every((place) => headerMatches(pack, place))).toBe(true);
        for (const [at, place] of places.entries())
          expect(decodeBlob(keys, salt, place, payloadOf(pack, place))).toEqual(Buffer.from(given[at] ?? []));
        // A content may look like a header itself, so more may be found, but nothing that is not whole.
        expect(salvagePack(keys, pack).places).toEqual(expect.arrayContaining(places));
      }),
    );
  });

  it('refuses a change of any bit: of its beginning, a header, a content or the table', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), fc.nat(7), async (given, where, bit) => {
        const { pack, places } = packOf(keys, given);
        const at = where % pack.length;
        const bad = Buffer.from(pack);
        bad.writeUInt8(pack.readUInt8(at) ^ (1 << bit), at);
        const check = async () => {
          const table = await tableOf(keys, bad);
          if (!table.places.every((place) => headerMatches(bad, place))) throw new Error('a header');
          for (const place of table.places) decodeBlob(keys, table.salt, place, payloadOf(bad, place));
        };
        // The salt of a sealed pack without a blob is nobody's key.
        if (keys.sealed && places.length === 0 && at >= 8 && at < 40) return;
        // Of what is compressed and not sealed, some bits mean nothing to zstd: then every content is what it was.
        const free = places.some(
          ({ codec, offset, stored }) => codec !== CODEC.raw && at >= offset && at < offset + stored,
        );
        if (!keys.sealed && free) await check().catch(() => {});
        else await expect(check()).rejects.toThrow();
      }),
    );
  });

  it('refuses to be cut, at any length', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.nat(), async (given, where) => {
        const { pack } = packOf(keys, given);
        await expect(tableOf(keys, pack.subarray(0, where % pack.length))).rejects.toMatchObject({
          code: 'store-damaged',
        });
      }),
    );
  });

  it('gives what is whole when its table is lost, and nothing else', () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.nat(), (given, where, length) => {
        const { pack, places } = packOf(keys, given);
        const bad = Buffer.from(pack);
        const from = 40 + (where % (pack.length - 40));
        const hole = bad.subarray(from, from + (length % 200) + 1);
        hole.fill(0xa5);
        const found = salvagePack(keys, bad);
        const hurt = (place: BlobPlace) =>
          !bad
            .subarray(place.offset - 48, place.offset + place.stored)
            .equals(pack.subarray(place.offset - 48, place.offset + place.stored));
        expect(found.places).toEqual(expect.arrayContaining(places.filter((place) => !hurt(place))));
        for (const place of found.places)
          expect(keys.blobId(decodeBlob(keys, found.salt, place, payloadOf(bad, place)))).toBe(place.id);
      }),
    );
  });
});
