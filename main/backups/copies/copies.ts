import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Connections } from '../../connections/index.ts';
import type { JsonFile, Secrets } from '../../settings/index.ts';
import {
  asProblem,
  createSignal,
  isAbort,
  newCopyId,
  Problem,
  type BackupId,
  type Clock,
  type CopyId,
  type ProblemShape,
  type Signal,
} from '../../words/index.ts';
import { backupOfFile } from '../store/store-files.ts';
import {
  Copy,
  type CopyDraft,
  type CopyState,
  type PlaceSecrets,
  type PlaceSettings,
  whereIs,
} from './copy.ts';
import { asOnlyWriter } from './lease.ts';
import { atPlace, typedKeys, type PlaceKeys } from './open-place.ts';
import type { Place } from './place.ts';
import { openRecord, type CopyRecord } from './record.ts';
import { storeAt } from './update.ts';

export interface CopiesOptions {
  readonly file: JsonFile;
  /** Where it is remembered what each copy holds. */
  readonly recordFolder: string;
  readonly secrets: Secrets;
  readonly connections: Pick<Connections, 'use'>;
  readonly clock: Clock;
}

/** What lies at a place that the user chose. */
export const PlaceFound = z.object({
  /** `copy`: of this store. `other`: of another one. */
  holds: z.enum(['nothing', 'copy', 'other']),
  backups: z.number(),
  bytes: z.number(),
  /** Bytes that can be written there; null: unknown. */
  free: z.number().nullable(),
});
export type PlaceFound = z.infer<typeof PlaceFound>;

/** What a copy is to hold. */
export interface Held {
  readonly backups: readonly BackupId[];
  /** When the recovery phrase was confirmed; null: there is none, or it is not known. */
  readonly phraseAt: number | null;
}

/** The second copies of the store: where they are, and what was last seen of them. */
export interface Copies {
  list(): readonly Copy[];
  /** @throws Problem `no-such-copy` */
  get(id: CopyId): Copy;
  /** By id or by name. @throws Problem `no-such-copy` */
  find(nameOrId: string): Copy;
  /** Looks at a place without changing anything but making the folder. `storeId`: whose copy counts as ours. */
  look(
    place: PlaceSettings,
    secrets: PlaceSecrets,
    storeId: string,
    signal: AbortSignal,
  ): Promise<PlaceFound>;
  add(draft: CopyDraft, secrets: PlaceSecrets): Promise<Copy>;
  edit(id: CopyId, edit: Partial<Pick<Copy, 'name' | 'automatic'>>, secrets: PlaceSecrets): Promise<Copy>;
  /** Forgets a copy and its secrets; what lies there stays. */
  forget(id: CopyId): Promise<void>;
  note(id: CopyId, seen: Partial<Pick<Copy, 'updatedAt' | 'verified' | 'problem'>>): void;
  /** Work at a copy's place, whose failure is noted. With `alone` nobody else writes there meanwhile. */
  at<T>(copy: Copy, signal: AbortSignal, alone: boolean, work: (place: Place) => Promise<T>): Promise<T>;
  record(id: CopyId): CopyRecord;
  /** Copies for the screens, compared with what the store holds. */
  states(held: Held): Promise<CopyState[]>;
  readonly changed: Signal<null>;
}

const Stored = z.array(Copy);

export function openCopies({ file, recordFolder, secrets, connections, clock }: CopiesOptions): Copies {
  const changed = createSignal<null>();
  const read = () => Stored.parse(file.get('copies') ?? []);
  const write = (copies: readonly Copy[]) => {
    file.set('copies', copies);
    changed.emit(null);
  };
  /** This data folder's own name, for who writes at a place. */
  const owner = () => {
    const known = z.string().safeParse(file.get('owner'));
    if (known.success) return known.data;
    const made = randomBytes(12).toString('hex');
    file.set('owner', made);
    return made;
  };
  const noSuch = (word: string) =>
    new Problem({
      code: 'no-such-copy',
      message: `There is no copy “${word}”.`,
      todo: '`backups copies list` shows all of them.',
    });
  const get = (id: CopyId) => {
    const copy = read().find((one) => one.id === id);
    if (copy === undefined) throw noSuch(id);
    return copy;
  };
  const change = (id: CopyId, part: Partial<Copy>) => {
    write(read().map((copy) => (copy.id === id ? { ...copy, ...part } : copy)));
    return get(id);
  };
  const keep = async (id: CopyId, given: PlaceSecrets) => {
    for (const { hop, password } of given.passwords) await secrets.set(`${id}:password:${hop}`, password);
    for (const { hop, passphrase } of given.passphrases)
      await secrets.set(`${id}:passphrase:${hop}`, passphrase);
    if (given.secretAccessKey !== null) await secrets.set(`${id}:secret`, given.secretAccessKey);
  };
  const keysOf = (id: CopyId): PlaceKeys => ({
    password: (hop) => secrets.get(`${id}:password:${hop}`),
    passphrase: (hop) => secrets.get(`${id}:passphrase:${hop}`),
    secretAccessKey: () => secrets.get(`${id}:secret`),
  });
  const record = (id: CopyId) => openRecord(join(recordFolder, `${id}.json`));

  return {
    changed,
    list: read,
    get,
    find(word) {
      const copies = read();
      const plain = word.trim().toLowerCase();
      const copy =
        copies.find(({ id }) => id === word) ?? copies.find(({ name }) => name.toLowerCase() === plain);
      if (copy === undefined) throw noSuch(word);
      return copy;
    },
    look: (settings, given, storeId, signal) =>
      atPlace(connections, settings, typedKeys(given), signal, async (place) => {
        await place.make();
        await place.expectRoom();
        const listing = await place.list();
        const id = await storeAt(place);
        return {
          holds: id === null ? 'nothing' : id === storeId ? 'copy' : 'other',
          backups: [...listing.keys()].filter((name) => backupOfFile(name) !== null).length,
          bytes: [...listing.values()].reduce((sum, size) => sum + size, 0),
          free: await place.free(),
        };
      }),
    async add(draft, given) {
      const copies = read();
      if (copies.some(({ name }) => name.toLowerCase() === draft.name.toLowerCase())) {
        throw new Problem({
          code: 'name-taken',
          message: `There is a copy “${draft.name}” already.`,
          todo: 'Choose another name.',
        });
      }
      const copy = Copy.parse({ ...draft, id: newCopyId(), addedAt: clock() });
      await keep(copy.id, given);
      write([...copies, copy]);
      return copy;
    },
    async edit(id, edit, given) {
      get(id);
      await keep(id, given);
      return change(id, edit);
    },
    async forget(id) {
      get(id);
      write(read().filter((copy) => copy.id !== id));
      secrets.forget(`${id}:`);
      await record(id).forget();
    },
    note: (id, seen) => void change(id, seen),
    async at(copy, signal, alone, work) {
      try {
        return await atPlace(connections, copy.place, keysOf(copy.id), signal, (place) =>
          alone ? asOnlyWriter(place, owner(), clock, () => work(place)) : work(place),
        );
      } catch (error) {
        // A cancel says nothing about the copy.
        if (!signal.aborted && !isAbort(error)) change(copy.id, { problem: problemShape(error) });
        throw error;
      }
    },
    record,
    async states({ backups, phraseAt }) {
      return Promise.all(
        read().map(async (copy) => {
          const files = await record(copy.id).read();
          const held = new Set([...files.keys()].flatMap((name) => backupOfFile(name) ?? []));
          return {
            ...copy,
            where: whereIs(copy.place),
            behind: backups.filter((id) => !held.has(id)).length,
            oldPhrase: phraseAt !== null && copy.updatedAt !== null && copy.updatedAt < phraseAt,
            backups: held.size,
            bytes: [...files.values()].reduce((sum, { size }) => sum + size, 0),
          };
        }),
      );
    },
  };
}

const problemShape = (error: unknown): ProblemShape => asProblem(error).toJSON();
