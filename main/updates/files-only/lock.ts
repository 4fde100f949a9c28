import { randomBytes } from 'node:crypto';
import type { RemoteFiles } from '../../connections/index.ts';
import { joinRemote, parentOf, Problem, type RemotePath, type RunId } from '../../words/index.ts';
import { aliveFile } from '../alive-file.ts';
import { heldProblem, signOfLife, type SignOfLife } from '../foreign-run.ts';
import type { Hands } from '../hands.ts';
import { isProblem, makeFile, makeFolders, putFile, readStart, withFiles } from './over-sftp.ts';

/** How often in the time of a lease a run says that it lives. */
const TIMES = 4;

/**
 * A run's hold on a site over SFTP: the same files as a run with a shell has (site-lock.ts), so that they keep each other out. What is on
 * its way when a run dies may still be done; what comes after, nobody sends.
 */
export interface FilesLock {
  readonly privateFolder: RemotePath;
  readonly runFolder: RemotePath;
  readonly runId: RunId;
  /** @throws Problem `site-locked`, `site-busy` */
  take(hands: Hands): Promise<void>;
  isOurs(hands: Hands): Promise<boolean>;
  /**
   * To be asked before anything is changed: a computer that slept may find that another one has taken the site over.
   * @throws Problem `taken-over`
   */
  refuseTaken(hands: Hands): Promise<void>;
  /** Who else holds it; null: nobody, or we do. */
  heldBy(files: RemoteFiles): Promise<string | null>;
  /** Says that the run lives, until it is stopped. */
  beat(hands: Hands): () => void;
  release(hands: Hands): Promise<void>;
}

/** @param lease seconds of silence after which a run that holds a site counts as dead */
export function filesLock(privateFolder: RemotePath, runId: RunId, lease: number): FilesLock {
  const folder = joinRemote(privateFolder, 'lock');
  const owner = joinRemote(folder, 'owner');
  const alive = aliveFile(privateFolder);
  const heldBy = async (files: RemoteFiles): Promise<string | null> => {
    const said = await readStart(files, owner, 200);
    const name = said?.toString('utf8') ?? null;
    return name === runId ? null : name;
  };
  const isOurs: FilesLock['isOurs'] = (hands) =>
    withFiles(hands, async (files) => (await readStart(files, owner, 200))?.toString('utf8') === runId);
  const sign = async (files: RemoteFiles, count: number, now: number, signal: AbortSignal) =>
    putFile(files, alive, `${count} ${now} ${lease}\n`, 0o600, signal);
  return {
    privateFolder,
    runId,
    runFolder: joinRemote(privateFolder, runId),
    heldBy,
    async take(hands) {
      const patient = hands.patient();
      await withFiles(patient, async (files) => {
        await makeFolders(files, privateFolder, 0o700);
        await makeFolders(files, folder, 0o700);
        for (let tries = 1; ; tries += 1) {
          try {
            await makeFile(files, owner, runId, 0o600, patient.signal);
            break;
          } catch (error) {
            if (isProblem(error, 'connection-lost') || (await files.lstat(owner)) === null) throw error;
            const other = await heldBy(files);
            if (other === null) break;
            const seen = await signOf(files, privateFolder, patient.signal);
            // One that died before it could say its name, long ago.
            if (other !== '' || tries > 1 || (seen !== null && seen.ago < lease))
              throw heldProblem(other, seen);
            await files.remove(owner);
          }
        }
        await sign(files, 0, await clockOf(files, privateFolder, patient.signal), patient.signal);
      });
    },
    isOurs,
    async refuseTaken(hands) {
      if (!(await isOurs(hands))) throw takenOver();
    },
    beat(hands) {
      const stop = new AbortController();
      const own = hands.until(stop.signal);
      let count = 0;
      let ahead: number | null = null;
      const timer = setInterval(
        () => {
          count += 1;
          void withFiles(own, async (files) => {
            ahead ??= (await clockOf(files, privateFolder, stop.signal)) - Math.floor(Date.now() / 1000);
            await sign(files, count, Math.floor(Date.now() / 1000) + ahead, stop.signal);
          }).catch(() => {});
        },
        (lease * 1000) / TIMES,
      );
      return () => {
        clearInterval(timer);
        stop.abort();
      };
    },
    async release(hands) {
      await withFiles(hands, async (files) => {
        if ((await readStart(files, owner, 200))?.toString('utf8') === runId) {
          await files.remove(alive);
          await files.remove(`${alive}.gk-new`);
          // The name goes last: until then a run that died here is found again.
          await files.remove(owner);
          // Not with what is in it: somebody may have taken the site in this moment.
          await files.removeFolder(folder);
        }
        if (await files.removeFolder(privateFolder)) {
          const above = parentOf(privateFolder);
          if (above.endsWith('/.groundskeeper')) await files.removeFolder(above);
        }
      });
    },
  };
}

function takenOver(): Problem {
  return new Problem({
    code: 'taken-over',
    message: 'This computer was silent for too long: the site is not held by this run any more.',
    attempted: 'Look who holds the site',
    todo: 'Look at the site: another computer may have brought it back.',
  });
}

/** The server's clock, which only the time of a new file tells; in seconds. */
async function clockOf(files: RemoteFiles, folder: RemotePath, signal: AbortSignal): Promise<number> {
  const name = joinRemote(folder, `clock-${randomBytes(6).toString('hex')}`);
  signal.throwIfAborted();
  const handle = await files.create(name);
  try {
    await files.write(handle, 0, Buffer.from('.'));
    return (await files.statOf(handle)).mtime;
  } finally {
    await files.close(handle).catch(() => {});
    await files.remove(name);
  }
}

/** What whoever holds a site last said of itself; null: nothing that can be read. */
export async function signOf(
  files: RemoteFiles,
  privateFolder: RemotePath,
  signal: AbortSignal,
): Promise<SignOfLife | null> {
  const said = await readStart(files, aliveFile(privateFolder), 200);
  if (said === null) return null;
  return signOfLife(`${said.toString('utf8').trim()} ${await clockOf(files, privateFolder, signal)}`);
}
