import { closeSync, futimesSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import type { StoreKeys } from './keys.ts';
import type { FilesToWrite, WriteReply } from './jobs.ts';
import { damaged, decodeBlob } from './pack.ts';

/**
 * Writes files, each new, in one thread and call by call: a thousand small files through libuv's pool
 * cost several times as much, because its threads wait for each other in the kernel.
 * @returns those that could not be written; nothing is left of them, and another way says why
 */
export function writeFiles(keys: StoreKeys, { packs, files }: FilesToWrite): WriteReply {
  const opened = new Map<number, { fd: number; salt: Buffer }>();
  const packOf = (number: number) => {
    const known = opened.get(number);
    if (known) return known;
    const pack = packs[number];
    if (pack === undefined) throw new RangeError(`no pack ${number}`);
    const found = { fd: openSync(pack.file, 'r'), salt: Buffer.from(pack.salt) };
    opened.set(number, found);
    return found;
  };
  const left: number[] = [];
  try {
    for (const [number, { target, modified, parts }] of files.entries()) {
      let fd: number | null = null;
      try {
        fd = openSync(target, 'wx', 0o600);
        for (const { pack, place } of parts) {
          const from = packOf(pack);
          const payload = Buffer.allocUnsafe(place.stored);
          if (readSync(from.fd, payload, 0, place.stored, place.offset) !== place.stored)
            throw damaged(`blob ${place.id} is cut`);
          writeFileSync(fd, decodeBlob(keys, from.salt, place, payload));
        }
        if (modified !== null) futimesSync(fd, modified, modified);
        closeSync(fd);
      } catch {
        left.push(number);
        if (fd === null) continue;
        closeSync(fd);
        rmSync(target, { force: true });
      }
    }
  } finally {
    for (const { fd } of opened.values()) closeSync(fd);
  }
  return { left };
}
