import crypto, { createSecretKey, type CipherKey, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';

/**
 * The SSH library. Without its native part (built for one ABI, so Electron has none) it begins a cipher for each packet with
 * the key as bytes, of which Node 24 makes a key anew, and an error with its stack besides: 20 µs a packet, a second
 * of a backup of 300 MB. It is given ciphers here that make a key object of the same bytes once.
 */
export const ssh2 = loadWithKeptKeys();

function loadWithKeptKeys(): typeof import('ssh2') {
  const load: (name: 'ssh2') => typeof import('ssh2') = createRequire(import.meta.url);
  const { createCipheriv, createDecipheriv } = crypto;
  const keys = new WeakMap<object, KeyObject>();
  const kept = <Rest extends unknown[], Made>(
    make: (name: string, key: CipherKey, ...rest: Rest) => Made,
  ) => {
    return (name: string, key: CipherKey, ...rest: Rest): Made => {
      if (!Buffer.isBuffer(key)) return make(name, key, ...rest);
      const known = keys.get(key) ?? createSecretKey(key);
      keys.set(key, known);
      return make(name, known, ...rest);
    };
  };
  // It takes them when it is loaded; afterwards they are for everybody as they were.
  Object.assign(crypto, {
    createCipheriv: kept(createCipheriv),
    createDecipheriv: kept(createDecipheriv),
  });
  try {
    return load('ssh2');
  } finally {
    Object.assign(crypto, { createCipheriv, createDecipheriv });
  }
}
