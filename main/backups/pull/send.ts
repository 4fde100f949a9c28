import type { Writable } from 'node:stream';
import {
  feed,
  runOk,
  lines,
  sh,
  type Connection,
  type RemoteFiles,
  type Script,
} from '../../connections/index.ts';
import { joinRemote, type OnProgress, type RemotePath } from '../../words/index.ts';
import { filesBy, type FileScripts } from './file-scripts.ts';
import { meansOf } from './means.ts';
import { inParallel } from './sftp-listing.ts';
import { sendOverSftp } from './sftp-send.ts';
import { TAR_END, tarHeader, tarPadding, type TarEntry } from './tar.ts';

/** Files that are sent at once over SFTP. */
const SENT = 16;

/** Something to be put on the server. */
export interface Sending extends TarEntry {
  readonly content?: (() => AsyncIterable<Buffer> | Promise<Buffer>) | undefined;
}

/** Sends files into a folder of the server as one tar stream, or over SFTP where nothing there could unpack it. The folder has to be there. */
export async function sendFiles(
  connection: Connection,
  folder: RemotePath,
  entries: readonly Sending[],
  options: {
    readonly before?: Script | undefined;
    readonly scripts: FileScripts;
    readonly signal: AbortSignal;
    readonly progress: OnProgress;
    readonly what: string;
  },
): Promise<void> {
  const total = entries.reduce((sum, entry) => sum + entry.size, 0);
  let done = 0;
  const stream = async (stdin: Writable) => {
    const push = async (bytes: Buffer) => {
      if (bytes.length > 0) await feed(stdin, bytes);
    };
    for (const entry of entries) {
      options.signal.throwIfAborted();
      await push(tarHeader(entry));
      if (entry.content === undefined) continue;
      const content = entry.content();
      let size = 0;
      for await (const chunk of content instanceof Promise ? one(content) : content) {
        await push(chunk);
        size += chunk.length;
        done += chunk.length;
        options.progress({ what: options.what, done, total, unit: 'bytes' });
      }
      if (size !== entry.size)
        throw new Error(`${entry.name} has ${size} bytes, ${entry.size} were announced`);
      await push(tarPadding(entry.size));
    }
    await push(TAR_END);
    stdin.end();
  };
  const { archive } = await meansOf(connection, options.signal);
  const before = options.before ?? sh``;
  if (archive === 'none') {
    await runOk(connection, before, { attempted: options.what, signal: options.signal, timeLimit: 60_000 });
    const onBytes = (count: number) => {
      done += count;
      options.progress({ what: options.what, done, total, unit: 'bytes' });
    };
    return sendEachOverSftp(await connection.files(), folder, entries, options.signal, onBytes);
  }
  const unpack =
    archive === 'php' || archive === 'python'
      ? filesBy(archive, options.scripts, 'unpack')
      : // -o: no owners; the one spelling that GNU's, BusyBox's and the BSDs' share.
        sh`exec tar -x -p -o -f -`;
  await runOk(connection, lines(before, sh`cd -- ${folder} || exit 66`, unpack), {
    attempted: options.what,
    signal: options.signal,
    timeLimit: 6 * 3_600_000,
    stdin: stream,
  });
}

async function sendEachOverSftp(
  files: RemoteFiles,
  folder: RemotePath,
  entries: readonly Sending[],
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Promise<void> {
  const to = (entry: Sending) => joinRemote(folder, entry.name);
  for (const entry of entries.filter(({ kind }) => kind === 'folder'))
    if ((await files.lstat(to(entry)))?.kind !== 'folder') await files.makeFolder(to(entry), 0o700);
  await inParallel(
    entries.filter(({ kind }) => kind !== 'folder'),
    SENT,
    async (entry) => {
      signal.throwIfAborted();
      if (entry.kind === 'link') return files.makeLink(entry.target ?? '', to(entry));
      const content = entry.content?.() ?? Promise.resolve(Buffer.alloc(0));
      const sending = { ...entry, content: content instanceof Promise ? one(content) : content };
      await sendOverSftp(files, to(entry), sending, signal, onBytes);
    },
  );
  for (const entry of entries.filter(({ kind }) => kind === 'folder').toReversed())
    await files.setMode(to(entry), entry.mode);
}

async function* one(content: Promise<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield await content;
}
