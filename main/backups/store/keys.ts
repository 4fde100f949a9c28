import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hash,
  hkdfSync,
  type KeyObject,
  randomBytes,
  scrypt,
} from 'node:crypto';
import { z } from 'zod';
import { Problem, Sha256 } from '../../words/index.ts';

/** Content is addressed by this: HMAC-SHA-256 of the bytes in a sealed store, SHA-256 in an open one. */
export type BlobId = Sha256;

/** AES-256-GCM's tag. */
export const TAG = 16;
const KEY = 32;

/** What is derived from a store's master key. Names and order: docs/store-format.md. */
export interface StoreKeys {
  readonly sealed: boolean;
  blobId(bytes: Uint8Array): BlobId;
  /** 256 numbers by which files are cut; secret in a sealed store, because lengths tell contents apart. */
  readonly gear: Uint32Array;
  /** The key of one pack, snapshot or mark, by its salt; null in an open store. */
  packKey(salt: Buffer): KeyObject | null;
  snapshotKey(salt: Buffer): KeyObject | null;
  markKey(salt: Buffer): KeyObject | null;
}

/** Where the master keys of stores are kept on this computer. */
export interface KeyKeeper {
  /** In base64; null: not here. */
  get(storeId: string): Promise<string | null>;
  set(storeId: string, key: string): Promise<void>;
}

/** @param master 32 bytes; null for an open store */
export function keysOf(master: Buffer | null): StoreKeys {
  const derive = (info: string, salt: Buffer, length = KEY) =>
    Buffer.from(
      hkdfSync('sha256', master ?? Buffer.alloc(KEY), salt, `groundskeeper store 2 ${info}`, length),
    );
  const none = Buffer.alloc(0);
  const name = master === null ? sha256 : hmacOf(derive('blob id', none));
  const table = derive('gear', none, 1024);
  const known = new Map<string, KeyObject>();
  const cached = (info: string) => (salt: Buffer) => {
    if (master === null) return null;
    const cacheName = info + salt.toString('latin1');
    // Of bytes Node would make such an object anew for each blob.
    const key = known.get(cacheName) ?? createSecretKey(derive(info, salt));
    if (known.size > 4096) known.clear();
    known.set(cacheName, key);
    return key;
  };
  return {
    sealed: master !== null,
    blobId: (bytes) => Sha256.parse(name(bytes)),
    gear: Uint32Array.from({ length: 256 }, (_, at) => table.readUInt32LE(at * 4)),
    packKey: cached('pack'),
    snapshotKey: cached('snapshot'),
    markKey: cached('mark'),
  };
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** Bytes of SHA-256: of a block, and of what comes of it. */
const SHA256 = { block: 64, digest: 32 };

/**
 * HMAC-SHA-256 (RFC 2104) under one key for many messages. Each is laid behind the key in a kept room and hashed in one go: a Hash or an
 * Hmac of its own for each costs more than hashing a small file, and is garbage that V8 has to ask the library about.
 * @param key no longer than a block
 */
function hmacOf(key: Buffer): (bytes: Uint8Array) => string {
  const block = Buffer.alloc(SHA256.block);
  key.copy(block);
  const outer = Buffer.alloc(SHA256.block + SHA256.digest);
  outer.set(block.map((byte) => byte ^ 0x5c));
  const begin = block.map((byte) => byte ^ 0x36);
  let inner = Buffer.alloc(0);
  return (bytes) => {
    const length = SHA256.block + bytes.length;
    if (inner.length < length) {
      inner = Buffer.allocUnsafeSlow(length * 2);
      inner.set(begin);
    }
    inner.set(bytes, SHA256.block);
    outer.set(hash('sha256', inner.subarray(0, length), 'buffer'), SHA256.block);
    return hash('sha256', outer, 'hex');
  };
}

/** AES-256-GCM: the ciphertext with its tag behind it. A nonce is used once for a key. */
export function seal(key: Buffer | KeyObject, nonce: Buffer, bound: Buffer, plain: Buffer): Buffer {
  const sealed = Buffer.allocUnsafe(plain.length + TAG);
  sealInto(sealed, 0, key, nonce, bound, plain);
  return sealed;
}

/** As {@link seal}, written to a place in `target`: sealing thousands of blobs leaves less garbage so. */
export function sealInto(
  target: Buffer,
  at: number,
  key: Buffer | KeyObject,
  nonce: Buffer,
  bound: Buffer,
  plain: Buffer,
): void {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
  // GCM holds nothing back.
  cipher.update(plain).copy(target, at);
  cipher.final();
  cipher.getAuthTag().copy(target, at + plain.length);
}

/** @throws when any bit of it, of what it is bound to, or of the key differs */
export function unseal(key: Buffer | KeyObject, nonce: Buffer, bound: Buffer, sealed: Buffer): Buffer {
  if (sealed.length < TAG) throw new RangeError('too short to be sealed');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    .setAAD(bound)
    .setAuthTag(sealed.subarray(sealed.length - TAG));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG));
  // GCM holds nothing back, so this only compares the tag; nothing is handed out before it did.
  decipher.final();
  return plain;
}

/** The master key, wrapped by the recovery phrase. */
export const WrappedKey = z.object({
  kdf: z.literal('scrypt'),
  n: z.number().int().min(2).max(1_048_576),
  r: z.number().int().min(1).max(32),
  p: z.number().int().min(1).max(16),
  salt: z.base64(),
  nonce: z.base64(),
  wrapped: z.base64(),
  /** When the phrase was confirmed, in milliseconds; stores from before it was asked have none. */
  at: z.number().optional(),
});
export type WrappedKey = z.infer<typeof WrappedKey>;

/** scrypt as OWASP recommends it; 128 MiB and less than a second. */
const COST = { n: 131_072, r: 8, p: 1 };
/** Crockford's alphabet: no letter that is read as another. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Letters of a phrase; the last two are a check, so that a slip is told from another store's phrase. */
const LENGTH = 30;

/** A new recovery phrase: 140 random bits in six groups of five letters. */
export function newPhrase(): string {
  const letters = [...randomBytes(LENGTH - 2)].map((byte) => LETTERS[byte % 32] ?? '0').join('');
  return grouped(letters + checkOf(letters));
}

/** A phrase as it was typed, put right. @throws Problem `phrase-mistyped` */
export function readPhrase(typed: string): string {
  const letters = typed
    .toUpperCase()
    .replace(/[IL]/g, '1')
    .replace(/O/g, '0')
    .replace(/[^0-9A-Z]/g, '');
  if (letters.length !== LENGTH || checkOf(letters.slice(0, -2)) !== letters.slice(-2)) {
    throw new Problem({
      code: 'phrase-mistyped',
      message: 'This is not a recovery phrase: a letter is missing or wrong.',
      attempted: 'Read the recovery phrase',
      answered: `${letters.length} of ${LENGTH} letters`,
      todo: 'Compare it with the one you wrote down; upper and lower case and dashes do not matter.',
    });
  }
  return grouped(letters);
}

/** Wraps a master key by a phrase, under a fresh salt. */
export async function wrapKey(master: Buffer, phrase: string, storeId: string): Promise<WrappedKey> {
  const salt = randomBytes(KEY);
  const nonce = randomBytes(12);
  const key = await stretched(phrase, salt, COST);
  return {
    kdf: 'scrypt',
    ...COST,
    salt: salt.toString('base64'),
    nonce: nonce.toString('base64'),
    wrapped: seal(key, nonce, Buffer.from(storeId), master).toString('base64'),
  };
}

/** @throws Problem `wrong-phrase` */
export async function unwrapKey(given: WrappedKey, phrase: string, storeId: string): Promise<Buffer> {
  const key = await stretched(phrase, Buffer.from(given.salt, 'base64'), given);
  try {
    return unseal(
      key,
      Buffer.from(given.nonce, 'base64'),
      Buffer.from(storeId),
      Buffer.from(given.wrapped, 'base64'),
    );
  } catch (error) {
    throw new Problem(
      {
        code: 'wrong-phrase',
        message: 'This recovery phrase does not open this store.',
        attempted: 'Unlock the backup store',
        todo: 'It may be the phrase of another store, or an older one: a new phrase, once confirmed, replaces the one before.',
      },
      error,
    );
  }
}

function stretched(
  phrase: string,
  salt: Buffer,
  { n, r, p }: Pick<WrappedKey, 'n' | 'r' | 'p'>,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(phrase, salt, KEY, { N: n, r, p, maxmem: 256 * n * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

function checkOf(letters: string): string {
  const [first = 0, second = 0] = hash('sha256', letters, 'buffer');
  return `${LETTERS[first % 32] ?? ''}${LETTERS[second % 32] ?? ''}`;
}

function grouped(letters: string): string {
  return letters.match(/.{5}/g)?.join('-') ?? letters;
}
