import { encodeName } from '../../words/index.ts';

export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'link';
  readonly size: number;
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly target?: string;
}

const BLOCK = 512;

/**
 * A header in GNU tar's format, with names as bytes, however long. (tar-stream writes names as UTF-8 only,
 * and servers' names are bytes.) Format: GNU tar manual, "Basic Tar Format".
 */
export function tarHeader(entry: TarEntry): Buffer {
  const name = encodeName(
    entry.kind === 'folder' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name,
  );
  const target = encodeName(entry.target ?? '');
  const long: Buffer[] = [];
  if (target.length > 100) long.push(longName('K', target));
  if (name.length > 100) long.push(longName('L', name));
  const type = { file: '0', folder: '5', link: '2' }[entry.kind];
  return Buffer.concat([
    ...long,
    block(name, type, entry.kind === 'file' ? entry.size : 0, entry.mode, entry.mtime, target),
  ]);
}

/** What follows a file's content so that the next header begins on a block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The end of an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

function longName(type: 'K' | 'L', name: Buffer): Buffer {
  const content = Buffer.concat([name, Buffer.of(0)]);
  return Buffer.concat([
    block(Buffer.from('././@LongLink'), type, content.length, 0o644, 0, Buffer.alloc(0)),
    content,
    tarPadding(content.length),
  ]);
}

function block(
  name: Buffer,
  type: string,
  size: number,
  mode: number,
  mtime: number,
  target: Buffer,
): Buffer {
  const header = Buffer.alloc(BLOCK);
  name.copy(header, 0, 0, 100);
  octal(header, 100, 8, mode & 0o7777);
  octal(header, 108, 8, 0);
  octal(header, 116, 8, 0);
  number(header, 124, 12, size);
  number(header, 136, 12, Math.max(0, Math.floor(mtime)));
  header.fill(0x20, 148, 156);
  header.write(type, 156, 'latin1');
  target.copy(header, 157, 0, 100);
  header.write('ustar  \0', 257, 'latin1');
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function octal(header: Buffer, at: number, length: number, value: number): void {
  header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
}

/** Octal where it fits, base 256 (GNU) for 8 GiB and more. */
function number(header: Buffer, at: number, length: number, value: number): void {
  if (value < 8 ** (length - 1)) {
    octal(header, at, length, value);
    return;
  }
  header.writeUInt8(0x80, at);
  header.writeBigUInt64BE(BigInt(value), at + length - 8);
}
