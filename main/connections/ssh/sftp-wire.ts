import type { Client, ClientChannel } from 'ssh2';
import { wordsOf } from '../../words/index.ts';

/** What is asked, as draft-ietf-secsh-filexfer-02 (version 3, which every server speaks) numbers it. */
export const ASK = {
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setStat: 9,
  fsetStat: 10,
  openFolder: 11,
  readFolder: 12,
  remove: 13,
  makeFolder: 14,
  removeFolder: 15,
  realPath: 16,
  stat: 17,
  rename: 18,
  readLink: 19,
  link: 20,
  extended: 200,
} as const;
const INIT = 1;
const VERSION = 2;
const STATUS = 101;
/** SSH_FX_EOF */
const AT_END = 1;
/** The largest packet that OpenSSH sends. */
const LONGEST = 256 * 1024 + 1024;

/** A status other than OK. `code` is SFTP's. */
export class SftpStatus extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message === '' ? `status ${code}` : message);
    this.code = code;
  }
}

/** The fields of an answer, read one after the other. */
export class Fields {
  readonly #bytes: Buffer;
  #at: number;
  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }
  get more(): boolean {
    return this.#at < this.#bytes.length;
  }
  number(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }
  large(): number {
    this.#at += 8;
    return Number(this.#bytes.readBigUInt64BE(this.#at - 8));
  }
  bytes(): Buffer {
    const length = this.number();
    const from = this.#at;
    if (from + length > this.#bytes.length) throw new RangeError('a field is longer than its packet');
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }
}

/** Parts of a question: a number is 32 bits, a bigint 64, bytes get their length before them; `raw` stands as it is. */
export type Part = number | bigint | Buffer | { readonly raw: Buffer };

/** SFTP by its packets. The library's own reads names as UTF-8, and servers' names are bytes. */
export interface SftpWire {
  /** @returns what follows the packet's number; null: the end of a file or folder, or a plain OK. @throws SftpStatus */
  ask(type: number, ...parts: readonly Part[]): Promise<Fields | null>;
  /** Whether the server announced an extension. */
  offers(extension: string): boolean;
  readonly closed: boolean;
  end(): void;
}

/**
 * Milliseconds in which a server that was asked something answers anything at all. A server of OpenSSH's does one thing after the other, so a
 * file that turned into a named pipe keeps it from everything else for ever.
 */
const SILENCE = 120_000;

/** Opens the SFTP subsystem. @throws Error where the server gives none */
export async function openWire(client: Client, silence = SILENCE): Promise<SftpWire> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.subsys('sftp', (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  const waiting = new Map<number, PromiseWithResolvers<Fields | null>>();
  const extensions = new Set<string>();
  const version = Promise.withResolvers<undefined>();
  let numbers = 0;
  let lost: Error | null = null;

  let heard = performance.now();
  let ready = false;
  const listening = setInterval(() => {
    if (ready && waiting.size === 0) heard = performance.now();
    else if (performance.now() - heard > silence)
      lose(new Error(`It has not answered for ${Math.round(silence / 1000)} seconds.`));
  }, silence / 4);
  listening.unref();
  const lose = (because: unknown) => {
    if (lost) return;
    clearInterval(listening);
    lost = because instanceof Error ? because : new Error(wordsOf(because));
    version.reject(lost);
    for (const { reject } of waiting.values()) reject(lost);
    waiting.clear();
    channel.destroy();
  };
  const take = (packet: Buffer) => {
    const type = packet.readUInt8(0);
    const fields = new Fields(packet, 1);
    if (type === VERSION) {
      fields.number();
      while (fields.more) {
        extensions.add(fields.bytes().toString('latin1'));
        fields.bytes();
      }
      version.resolve(undefined);
      return;
    }
    const number = fields.number();
    const asked = waiting.get(number);
    waiting.delete(number);
    if (type !== STATUS) {
      asked?.resolve(fields);
      return;
    }
    const code = fields.number();
    if (code === 0 || code === AT_END) asked?.resolve(null);
    // Some servers leave the words out.
    else asked?.reject(new SftpStatus(code, fields.more ? fields.bytes().toString('utf8') : ''));
  };
  const read = packetsOf(take);
  channel.on('data', (chunk: Buffer) => {
    heard = performance.now();
    try {
      read(chunk);
    } catch (error) {
      lose(error);
    }
  });
  channel.stderr.resume();
  const over = () => lose(new Error('The connection was closed.'));
  channel.on('error', lose).on('end', over).on('close', over);
  client.once('close', over).once('end', over);

  const send = (type: number, parts: readonly Part[]) => channel.write(packet(type, parts));
  send(INIT, [3]);
  await version.promise;
  ready = true;
  return {
    ask(type, ...parts) {
      const asked = Promise.withResolvers<Fields | null>();
      if (lost) asked.reject(lost);
      else {
        const number = (numbers = (numbers + 1) % 2 ** 32);
        waiting.set(number, asked);
        send(type, [number, ...parts]);
      }
      return asked.promise;
    },
    offers: (extension) => extensions.has(extension),
    get closed() {
      return lost !== null;
    },
    end() {
      lose(new Error('The connection was closed.'));
      client.off('close', over).off('end', over);
    },
  };
}

/** One packet: its length, its type, its parts. */
function packet(type: number, parts: readonly Part[]): Buffer {
  const pieces = [Buffer.alloc(5), ...parts.flatMap(bytesOf)];
  const whole = Buffer.concat(pieces);
  whole.writeUInt32BE(whole.length - 4, 0);
  whole.writeUInt8(type, 4);
  return whole;
}

function bytesOf(part: Part): Buffer[] {
  if (Buffer.isBuffer(part)) return [bytesOf32(part.length), part];
  if (typeof part === 'number') return [bytesOf32(part)];
  if (typeof part !== 'bigint') return [part.raw];
  const large = Buffer.alloc(8);
  large.writeBigUInt64BE(part);
  return [large];
}

function bytesOf32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** Cuts what comes into packets. @throws RangeError on one that is no packet of SFTP */
export function packetsOf(on: (packet: Buffer) => void): (chunk: Buffer) => void {
  let held: Buffer[] = [];
  let size = 0;
  let wanted = 4;
  return (chunk) => {
    held.push(chunk);
    size += chunk.length;
    if (size < wanted) return;
    let rest = held.length === 1 ? chunk : Buffer.concat(held, size);
    for (wanted = 4; rest.length >= wanted; wanted = 4) {
      const length = rest.readUInt32BE(0);
      if (length === 0 || length > LONGEST)
        throw new RangeError(`a packet of ${length} bytes is none of SFTP`);
      wanted += length;
      if (rest.length < wanted) break;
      on(rest.subarray(4, wanted));
      rest = rest.subarray(wanted);
    }
    held = rest.length === 0 ? [] : [rest];
    size = rest.length;
  };
}
