import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a zip that may lie about anything. */
export interface Entry {
  readonly name: string | Buffer;
  readonly content?: Buffer | string;
  readonly deflate?: boolean;
  /** What the headers say instead of the truth. */
  readonly size?: number;
  readonly compressed?: number;
  readonly crc?: number;
  readonly flags?: number;
  /** Unix mode with its kind, such as 0o120777 for a link. */
  readonly mode?: number;
  /** Where the central directory says that the entry is. */
  readonly at?: number;
}

/** Writes a zip, byte by byte as told (format: PKWARE's APPNOTE, 4.3). */
export function zipWith(entries: readonly Entry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const content = Buffer.from(entry.content ?? 'content');
    const data = entry.deflate === true ? deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(entry.flags ?? 0x800, 2);
    common.writeUInt16LE(entry.deflate === true ? 8 : 0, 4);
    common.writeUInt32LE(entry.crc ?? crc32(content), 10);
    common.writeUInt32LE(entry.compressed ?? data.length, 14);
    common.writeUInt32LE(entry.size ?? content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('504b0304', 'hex'), common, name, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(entry.at ?? offset, 10);
    directory.push(Buffer.concat([Buffer.from('504b01021403', 'hex'), common, tail, name]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('504b0506', 0, 'hex');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, central, end]);
}
