import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { readJson, Sha256 } from '../../words/index.ts';
import { writeDurably } from '../store/durable.ts';
import type { StoreFile } from '../store/store-files.ts';

/** A file as it was sent; the hash is null where it was found there. */
const Sent = z.object({ size: z.number(), sha256: Sha256.nullable() });
export type Sent = z.infer<typeof Sent>;

/** What a copy held after its last update. Without it nothing is lost: the place is listed again. */
export interface CopyRecord {
  read(): Promise<Map<StoreFile, Sent>>;
  write(files: ReadonlyMap<StoreFile, Sent>): Promise<void>;
  forget(): Promise<void>;
}

const Content = z.object({ files: z.record(z.string(), Sent) });

export function openRecord(file: string): CopyRecord {
  return {
    async read() {
      try {
        return new Map(Object.entries(readJson(Content, await readFile(file, 'utf8')).files));
      } catch {
        return new Map();
      }
    },
    async write(files) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeDurably(file, Buffer.from(JSON.stringify({ files: Object.fromEntries(files) })));
    },
    forget: () => rm(file, { force: true }),
  };
}
