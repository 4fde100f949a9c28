import { z } from 'zod';
import { ProblemShape, Sha256 } from '../../words/index.ts';
import type { BlobPlace } from './pack.ts';

/** What a store's threads are given and answer. */
export const WorkerData = z.object({ master: z.instanceof(Uint8Array).nullable() });

const Place = z.object({
  id: Sha256,
  offset: z.number(),
  stored: z.number(),
  raw: z.number(),
  codec: z.number(),
});

/** Makes a pack of blobs that lie in `bytes`, and writes it. `codec` null: to be compressed; else it is as given. */
const PackJob = z.object({
  kind: z.literal('pack'),
  number: z.number(),
  file: z.string(),
  salt: z.instanceof(Uint8Array),
  bytes: z.instanceof(ArrayBuffer),
  blobs: z.array(
    z.object({
      id: Sha256,
      raw: z.number(),
      codec: z.number().nullable(),
      from: z.number(),
      to: z.number(),
    }),
  ),
});
export type PackJob = z.infer<typeof PackJob>;

/** Reads a pack back, every byte. `places` and `salt` are what the index knows, for a pack whose table is damaged. */
const CheckJob = z.object({
  kind: z.literal('check'),
  number: z.number(),
  file: z.string(),
  name: z.string(),
  salt: z.instanceof(Uint8Array),
  places: z.array(Place),
  /** The pack itself, where it does not lie in the store's folder; `file` is only its name then. */
  bytes: z.instanceof(Uint8Array).optional(),
});
export type CheckJob = z.infer<typeof CheckJob>;

/** Files of a backup that are to be written to a disk, new ones. */
export interface FilesToWrite {
  /** The packs that they are read from. */
  readonly packs: readonly { readonly file: string; readonly salt: Uint8Array }[];
  readonly files: readonly {
    readonly target: string;
    /** Seconds since 1970; null: as the disk says. */
    readonly modified: number | null;
    readonly parts: readonly { readonly pack: number; readonly place: BlobPlace }[];
  }[];
}

/** Both threads are of one build, so the files are as their type says; looking at each costs as much as writing it. */
const WriteJob = z.object({
  kind: z.literal('write'),
  number: z.number(),
  what: z.custom<FilesToWrite>(),
});
export type WriteJob = z.infer<typeof WriteJob>;

/** Nothing more comes. */
const End = z.object({ kind: z.literal('end') });

const Work = z.discriminatedUnion('kind', [PackJob, CheckJob, WriteJob]);
export type Job = z.infer<typeof Work>;
export const ToWorker = z.union([End, Work]);

/** `bytes` is given back. */
export const PackReply = z.object({
  size: z.number(),
  places: z.array(Place),
  bytes: z.instanceof(ArrayBuffer),
});
export type PackReply = z.infer<typeof PackReply>;

export const CheckReply = z.object({
  bytes: z.number(),
  /** Blobs that are not what they were, and why. */
  bad: z.array(z.tuple([z.string(), z.string()])),
  /** The disk did not give the pack: nothing is known of its blobs. */
  unread: z.boolean(),
  /** What is wrong with the pack beside its contents; null: nothing. */
  whole: z.string().nullable(),
});
export type CheckReply = z.infer<typeof CheckReply>;

/** Files that were not written, by their place in the job. */
export const WriteReply = z.object({ left: z.array(z.number()) });
export type WriteReply = z.infer<typeof WriteReply>;

export const Answer = z.union([
  z.object({ number: z.number(), reply: z.unknown() }),
  z.object({ number: z.number(), problem: ProblemShape }),
]);
