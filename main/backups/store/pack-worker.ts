/** A thread that compresses, seals, writes and reads back whole packs, and writes restored files, so that the app itself never waits for that. */
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { asProblem, Problem, wordsOf } from '../../words/index.ts';
import { writeDurably } from './durable.ts';
import { keysOf, TAG } from './keys.ts';
import {
  BLOB_HEADER,
  CODEC,
  compressBlob,
  damaged,
  decodeBlob,
  frameBlob,
  headerMatches,
  PACK_HEADER,
  packHeader,
  packTable,
  readPackTable,
  tableSize,
  type BlobPlace,
} from './pack.ts';
import {
  ToWorker,
  WorkerData,
  type CheckJob,
  type Job,
  type CheckReply,
  type PackJob,
  type PackReply,
  type WriteReply,
} from './jobs.ts';
import { writeFiles } from './write-files.ts';

const { master } = WorkerData.parse(workerData);
const keys = keysOf(master === null ? null : Buffer.from(master));

let before: Promise<void> = Promise.resolve();
parentPort?.on('message', (message: unknown) => {
  before = before.then(() => answer(message));
});

async function answer(message: unknown): Promise<void> {
  const job = ToWorker.parse(message);
  if (job.kind === 'end') {
    parentPort?.close();
    return;
  }
  try {
    const reply = await replyTo(job);
    parentPort?.postMessage({ number: job.number, reply }, job.kind === 'pack' ? [job.bytes] : []);
  } catch (error) {
    parentPort?.postMessage({ number: job.number, problem: asProblem(error).toJSON() });
  }
}

function replyTo(job: Job): Promise<PackReply> | Promise<CheckReply> | WriteReply {
  switch (job.kind) {
    case 'pack':
      return pack(job);
    case 'check':
      return check(job);
    case 'write':
      return writeFiles(keys, job.what);
  }
}

/** A pack is put together here; kept, because a new one for each would be a lot of garbage. One pack is made at a time. */
let room = Buffer.alloc(0);

async function pack(job: PackJob): Promise<PackReply> {
  const salt = Buffer.from(job.salt);
  const all = Buffer.from(job.bytes);
  // Sealing adds some bytes to each blob; compressing never makes one longer.
  const needed =
    PACK_HEADER +
    job.blobs.reduce((sum, { from, to }) => sum + BLOB_HEADER + to - from + TAG, 0) +
    tableSize(job.blobs.length);
  if (room.length < needed) room = Buffer.allocUnsafe(needed);
  const places: BlobPlace[] = [];
  let size = packHeader(keys, salt).copy(room);
  for (const { id, raw, codec, from, to } of job.blobs) {
    const given = all.subarray(from, to);
    const small = codec === null ? compressBlob(given) : { codec, payload: given };
    const place = frameBlob(keys, salt, room, size, { id, raw, ...small });
    places.push(place);
    size = place.offset + place.stored;
  }
  size += packTable(places).copy(room, size);
  await writeDurably(job.file, room.subarray(0, size));
  return { size, places, bytes: job.bytes };
}

async function check(job: CheckJob): Promise<CheckReply> {
  let pack: Buffer;
  const bad = new Map<string, string>();
  const lost = (why: string): CheckReply => {
    for (const place of job.places) bad.set(place.id, why);
    return { bytes: 0, bad: [...bad], unread: true, whole: why };
  };
  try {
    pack =
      job.bytes === undefined
        ? readFileSync(job.file)
        : Buffer.from(job.bytes.buffer, job.bytes.byteOffset, job.bytes.length);
  } catch (error) {
    return lost(`pack ${job.name}: ${wordsOf(error)}`);
  }
  let whole: string | null = null;
  let places: readonly BlobPlace[] = job.places;
  let salt = Buffer.from(job.salt);
  try {
    const read = async (offset: number, length: number) => pack.subarray(offset, offset + length);
    const table = await readPackTable(job.name, pack.length, keys, read);
    places = table.places;
    salt = Buffer.from(table.salt);
    if (!places.every((place) => headerMatches(pack, place)))
      whole = `a header within pack ${job.name} was changed`;
  } catch (error) {
    whole = error instanceof Problem ? error.answered : wordsOf(error);
  }
  let bytes = 0;
  for (const place of places) {
    const payload = pack.subarray(place.offset, place.offset + place.stored);
    try {
      if (payload.length !== place.stored) throw damaged(`pack ${job.name} is cut`);
      if (place.codec !== CODEC.raw && place.codec !== CODEC.zstd)
        throw damaged(`blob ${place.id} has a codec that is not known`);
      bytes += decodeBlob(keys, salt, place, payload).length;
    } catch (error) {
      bad.set(place.id, error instanceof Problem ? error.answered : wordsOf(error));
    }
  }
  return { bytes, bad: [...bad], unread: false, whole };
}
