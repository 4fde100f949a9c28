import type { ManifestEntry } from './manifest-entry.ts';

/** What a file costs beside its bytes: it is opened, and has a header. */
const EACH = 4096;
/** Pieces for each part: the more, the more even the parts, and the less of a folder comes in one go. */
const PIECES = 16;

/** From which round trip on how many channels pay, in milliseconds. sshd allows ten on a connection unless told otherwise, and others use it, too. */
const FAR = [
  [100, 6],
  [20, 4],
] as const;
/** What each channel should have to bring at least: as much as its window holds, twice. */
const WORTH = 4 * 1024 * 1024;

/**
 * Over how many channels files are to come. What is on its way in one channel is limited by its window of 2 MiB, which is 40 MB/s at 50 ms; they share
 * one connection, whose own window is larger.
 * @param roundTrip milliseconds; null: not known
 */
export function channelsFor(files: readonly ManifestEntry[], roundTrip: number | null): number {
  const most = FAR.find(([millis]) => roundTrip !== null && roundTrip >= millis)?.[1] ?? 1;
  const worth = Math.floor(weightOf(files) / WORTH);
  return Math.max(1, Math.min(most, worth, files.length));
}

/**
 * Divides files among so many channels that each has about as many bytes to bring. Files that follow each other mostly stay together, since
 * they lie together on the server's disk as well.
 * @returns no part is empty; together they are all files, each once, in each part in their order
 */
export function split(files: readonly ManifestEntry[], parts: number): ManifestEntry[][] {
  if (parts <= 1) return files.length === 0 ? [] : [[...files]];
  const loads: { weight: number; from: Piece[] }[] = Array.from({ length: parts }, () => ({
    weight: 0,
    from: [],
  }));
  const pieces = piecesOf(files, weightOf(files) / (parts * PIECES));
  // The heaviest first, each to whom has least: no part is heavier than the average and one piece.
  for (const piece of pieces.toSorted((a, b) => b.weight - a.weight)) {
    const least = loads.reduce((one, other) => (other.weight < one.weight ? other : one));
    least.weight += piece.weight;
    least.from.push(piece);
  }
  return loads
    .map(({ from }) => from.toSorted((a, b) => a.at - b.at).flatMap(({ files }) => files))
    .filter((part) => part.length > 0);
}

interface Piece {
  readonly at: number;
  readonly files: ManifestEntry[];
  weight: number;
}

function piecesOf(files: readonly ManifestEntry[], enough: number): Piece[] {
  const pieces: Piece[] = [];
  let last: Piece | null = null;
  for (const file of files) {
    if (last === null || last.weight >= enough)
      pieces.push((last = { at: pieces.length, files: [], weight: 0 }));
    last.files.push(file);
    last.weight += weigh(file);
  }
  return pieces;
}

/** What bringing a file costs, in bytes. */
export const weigh = ({ size }: ManifestEntry): number => size + EACH;

const weightOf = (files: readonly ManifestEntry[]): number =>
  files.reduce((sum, file) => sum + weigh(file), 0);
