import fs from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';

/** One moment for every entry, so that the same content gives the same bytes. */
const MOMENT = new Date(2024, 0, 1);

/** Files by their path with forward slashes. */
export type Files = ReadonlyMap<string, string | Buffer>;

/** Makes a zip of files in memory. */
export async function zipOf(files: Files): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, content] of files) zip.addBuffer(Buffer.from(content), name, { mtime: MOMENT });
  zip.end();
  return buffer(zip.outputStream);
}

/** Zips a folder into a file, every name below the given first folder; `without` names what is left out. */
export async function zipFolder(
  folder: string,
  file: string,
  first: string,
  without: (name: string) => boolean = () => false,
): Promise<void> {
  const zip = new ZipFile();
  for (const name of filesBelow(folder)) {
    if (without(name)) continue;
    const content = fs.readFileSync(path.join(folder, name));
    zip.addBuffer(content, `${first}/${name}`, { mtime: MOMENT, compressionLevel: 6 });
  }
  zip.end();
  const half = `${file}.${process.pid}`;
  await pipeline(zip.outputStream, fs.createWriteStream(half));
  fs.renameSync(half, file);
}

/** The files below a folder, by their relative paths with forward slashes, in order. */
export function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}
