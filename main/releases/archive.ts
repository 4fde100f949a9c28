import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { Problem, Sha256, wordsOf } from '../words/index.ts';

/** One file of a package. */
export interface PackageFile {
  /** Relative, with `/`, without the package's top folder. */
  readonly path: string;
  readonly size: number;
  readonly sha256: Sha256;
  readonly md5: string;
  /** Whether the zip marks it as executable. */
  readonly executable: boolean;
}

/** A package that obeys the archive rules, with the hashes of all its files. */
export interface Package {
  readonly files: readonly PackageFile[];
  /** The top folder that was taken off; null: there was none. */
  readonly top: string | null;
  /** @throws Problem `package-unreadable` */
  read(path: string): Promise<Buffer>;
  close(): void;
}

/** What no honest package exceeds. */
export const ARCHIVE_LIMITS = {
  entries: 100_000,
  fileBytes: 256 * 1024 * 1024,
  totalBytes: 1024 * 1024 * 1024,
  /** Bytes out for each byte in, for whatever is larger than 1 MiB. */
  ratio: 200,
};

/**
 * Opens a zip that nobody vouches for yet: names, kinds and sizes obey the archive rules, every file is
 * read once in full, and the sizes that count are those of the bytes that really came out.
 * @throws Problem `package-hostile` for a broken rule, `package-unreadable` for a broken zip.
 */
export async function openPackage(file: string): Promise<Package> {
  let zip: ZipFile;
  try {
    zip = await yauzl.openPromise(file, {
      lazyEntries: true,
      autoClose: false,
      strictFileNames: true,
      validateEntrySizes: true,
      decodeStrings: true,
    });
  } catch (error) {
    throw unreadable(error);
  }
  try {
    const entries = await entriesOf(zip);
    const names = new Set<string>();
    const folders = new Set<string>();
    const files = new Map<string, { file: PackageFile; entry: Entry }>();
    refuseOverlaps(entries);
    let total = 0;
    for (const entry of entries) {
      const name = entry.fileName;
      const path = name.endsWith('/') ? name.slice(0, -1) : name;
      const why = objectionTo(path);
      if (why !== null) throw hostile(`${name}: ${why}`);
      const folded = path.normalize('NFC').toLowerCase();
      const above = name.endsWith('/') ? foldersOf(`${folded}/`) : foldersOf(folded);
      for (const folder of above) {
        if (names.has(folder)) throw hostile(`${name}: lies in a file`);
        folders.add(folder);
      }
      if (!name.endsWith('/')) {
        if (names.has(folded)) throw hostile(`${name}: the same name twice`);
        if (folders.has(folded)) throw hostile(`${name}: a file where a folder is`);
        names.add(folded);
      }
      const kind = (entry.externalFileAttributes >>> 16) & 0o170000;
      const madeByUnix = entry.versionMadeBy >>> 8 === 3;
      if (madeByUnix && kind !== 0 && kind !== 0o100000 && kind !== 0o040000)
        throw hostile(`${name}: neither a file nor a folder`);
      if (entry.isEncrypted()) throw hostile(`${name}: encrypted`);
      if (name.endsWith('/')) continue;
      const hashes = await hashEntry(zip, entry);
      total += hashes.size;
      if (total > ARCHIVE_LIMITS.totalBytes)
        throw hostile(`more than ${ARCHIVE_LIMITS.totalBytes} bytes in all`);
      const executable = madeByUnix && ((entry.externalFileAttributes >>> 16) & 0o111) !== 0;
      files.set(path, { entry, file: { path, ...hashes, executable } });
    }
    if (files.size === 0)
      throw new Problem({
        code: 'package-unreadable',
        message: 'The package is empty.',
        todo: 'Try again later; the source may be broken.',
      });
    const top = topOf([...files.keys()]);
    const strip = (path: string) => (top === null ? path : path.slice(top.length + 1));
    const byPath = new Map([...files.values()].map(({ file: found, entry }) => [strip(found.path), entry]));
    return {
      files: [...files.values()].map(({ file: found }) => ({ ...found, path: strip(found.path) })),
      top,
      async read(path) {
        const entry = byPath.get(path);
        if (!entry) throw unreadable(new Error(`${path} is not in the package`));
        const chunks: Buffer[] = [];
        for await (const chunk of await zip.openReadStreamPromise(entry))
          if (Buffer.isBuffer(chunk)) chunks.push(chunk);
        return Buffer.concat(chunks);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error instanceof Problem ? error : unreadable(error);
  }
}

/** Every folder that a path lies in. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Why a path may not be in a package; null: it may. */
export function objectionTo(path: string): string | null {
  if (path === '') return 'an empty name';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'an absolute path';
  if (path.includes('\\')) return 'a backslash in the name';
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(path)) return 'a control character in the name';
  if (path.length > 1000) return 'a name that is too long';
  for (const part of path.split('/')) {
    if (part === '..' || part === '.') return 'a path that leads elsewhere';
    if (part === '') return 'an empty folder name';
    if (Buffer.byteLength(part) > 255) return 'a name that is too long';
  }
  return null;
}

async function entriesOf(zip: ZipFile): Promise<Entry[]> {
  if (zip.entryCount > ARCHIVE_LIMITS.entries) throw hostile(`${zip.entryCount} entries`);
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

function refuseOverlaps(entries: readonly Entry[]): void {
  const ordered = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  let end = 0;
  for (const entry of ordered) {
    if (entry.relativeOffsetOfLocalHeader < end) throw hostile(`${entry.fileName}: overlaps another file`);
    end = entry.relativeOffsetOfLocalHeader + 30 + entry.compressedSize;
  }
}

async function hashEntry(zip: ZipFile, entry: Entry): Promise<{ size: number; sha256: Sha256; md5: string }> {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let size = 0;
  let crc = 0;
  for await (const chunk of await zip.openReadStreamPromise(entry)) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    crc = crc32(chunk, crc);
    if (size > ARCHIVE_LIMITS.fileBytes)
      throw hostile(`${entry.fileName}: larger than ${ARCHIVE_LIMITS.fileBytes} bytes`);
    if (size > 1024 * 1024 && size > entry.compressedSize * ARCHIVE_LIMITS.ratio)
      throw hostile(`${entry.fileName}: a bomb, it grows more than ${ARCHIVE_LIMITS.ratio} times`);
    sha256.update(chunk);
    md5.update(chunk);
  }
  if (crc !== entry.crc32) throw unreadable(new Error(`${entry.fileName}: its checksum does not fit`));
  return { size, sha256: Sha256.parse(sha256.digest('hex')), md5: md5.digest('hex') };
}

/** The one folder in which everything lies. */
function topOf(paths: readonly string[]): string | null {
  const first = paths[0]?.split('/')[0];
  if (first === undefined) return null;
  return paths.every((path) => path.startsWith(`${first}/`)) ? first : null;
}

function hostile(answered: string): Problem {
  return new Problem({
    code: 'package-hostile',
    message: 'The package breaks the rules for archives and was not used.',
    attempted: 'Open the package',
    answered,
    todo: 'Do not install it by hand either. Tell its author or the source.',
  });
}

function unreadable(error: unknown): Problem {
  return new Problem(
    {
      code: 'package-unreadable',
      message: 'The package is not a whole zip file.',
      attempted: 'Open the package',
      answered: wordsOf(error),
      todo: 'Try again later; the download may have been cut, or the source is broken.',
    },
    error,
  );
}
