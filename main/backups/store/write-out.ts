import type { FilesToWrite } from './jobs.ts';
import type { FileToWrite } from './types.ts';
import type { StoreParts } from './verify.ts';

/**
 * Has a thread write files to this computer's disk.
 * @returns those that were not written, by their place
 */
export async function writeOut(
  { index, packs, workers }: Pick<StoreParts, 'index' | 'packs' | 'workers'>,
  files: readonly FileToWrite[],
): Promise<number[]> {
  const numbers = new Map<string, number>();
  const needed: FilesToWrite['packs'][number][] = [];
  const numberOf = (name: string): number | null => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    const pack = index.pack(name);
    if (pack === null) return null;
    const number = needed.push({ file: packs.fileOf(name), salt: new Uint8Array(pack.salt) }) - 1;
    numbers.set(name, number);
    return number;
  };
  const left: number[] = [];
  const found: FilesToWrite['files'][number][] = [];
  const places: number[] = [];
  for (const [at, { target, blobs, modified }] of files.entries()) {
    const parts = blobs.flatMap((blob) => {
      const place = index.find(blob);
      const pack = place === null ? null : numberOf(place.pack);
      return place === null || pack === null ? [] : [{ pack, place }];
    });
    if (parts.length < blobs.length) {
      left.push(at);
      continue;
    }
    found.push({ target, modified, parts });
    places.push(at);
  }
  const reply = await workers.write({ packs: needed, files: found });
  return [...left, ...reply.left.flatMap((number) => places[number] ?? [])];
}
