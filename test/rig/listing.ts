import crypto from 'node:crypto';
import fs from 'node:fs';

/**
 * One line per file, link and folder below a folder: path, mode, size, SHA-256. Two equal listings mean equal
 * trees. File names may be any bytes.
 */
export function listing(root: string, without: readonly string[] = []): string {
  return linesBelow(Buffer.from(root), Buffer.byteLength(root) + 1)
    .filter((line) => !without.some((name) => line.startsWith(JSON.stringify(name))))
    .sort()
    .join('\n');
}

function linesBelow(folder: Buffer, skip: number): string[] {
  return fs.readdirSync(folder, { withFileTypes: true, encoding: 'buffer' }).flatMap((entry) => {
    const file = Buffer.concat([folder, Buffer.from('/'), entry.name]);
    const stat = fs.lstatSync(file);
    const name = JSON.stringify(file.subarray(skip).toString('latin1'));
    const start = stat.mode.toString(8);
    if (entry.isDirectory()) return [`${name} ${start} folder`, ...linesBelow(file, skip)];
    if (entry.isSymbolicLink()) return [`${name} ${start} link to ${fs.readlinkSync(file)}`];
    return [`${name} ${start} ${stat.size} ${hashOf(file)}`];
  });
}

/** Hashes of files by what the system changes with every change of theirs: no program can set a file's ctime. */
const known = new Map<string, string>();
/** Nanoseconds within which two changes may bear the same time. */
const TICK = 100_000_000n;

function hashOf(file: Buffer): string {
  const { dev, ino, size, ctimeNs } = fs.lstatSync(file, { bigint: true });
  const state = `${dev} ${ino} ${size} ${ctimeNs}`;
  const hash = known.get(state) ?? crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
  if (BigInt(Date.now()) * 1_000_000n - ctimeNs > TICK) known.set(state, hash);
  return hash;
}
