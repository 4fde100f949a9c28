/** Makes the tree that is backed up: `tree.ts FOLDER FILES`. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const SQL = 60_000_000;
const REST = 240_000_000;

const [, , folder = '', count = ''] = process.argv;
makeTree(folder, Number(count));

/** Text that compresses as text does, and every seventh file noise; the same on every run. */
function makeTree(root: string, files: number): void {
  fs.mkdirSync(root, { recursive: true });
  const each = Math.floor(REST / files);
  for (let at = 0; at < files; at += 1) {
    const folder = path.join(root, `folder-${at % 97}`, `below-${at % 13}`);
    if (at < 97 * 13) fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `file-${at}.php`), contentOf(at, each));
  }
  const rows: string[] = [];
  for (let size = 0, id = 0; size < SQL; id += 1) {
    const row = `INSERT INTO wp_posts VALUES (${id},'${createHash('sha256').update(`row ${id}`).digest('hex').slice(0, 20)}','A post about ${id % 977} things in the garden, as every year');\n`;
    rows.push(row);
    size += row.length;
  }
  fs.writeFileSync(path.join(root, 'dump.sql'), rows.join(''));
}

function contentOf(at: number, length: number): Buffer {
  const hash = (part: number) => createHash('sha256').update(`${at} ${part}`).digest();
  if (at % 7 === 0)
    return Buffer.concat(Array.from({ length: Math.ceil(length / 32) }, (_, part) => hash(part))).subarray(
      0,
      length,
    );
  const lines = Array.from(
    { length: Math.ceil(length / 60) },
    (_, line) =>
      `  $value_${line % 40} = function_${hash(line % 200).readUInt16LE(0)}( $argument, '${hash(line).toString('hex', 0, 4)}' );\n`,
  );
  return Buffer.from(lines.join('')).subarray(0, length);
}
