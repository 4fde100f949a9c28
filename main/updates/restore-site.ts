import { hashFiles, sendFiles, type Sending, type Store } from '../backups/index.ts';
import { lines, runOk, sh, type Script } from '../connections/index.ts';
import { joinRemote, Problem, type OnProgress } from '../words/index.ts';
import type { Trying } from './attempts.ts';
import type { Hands } from './hands.ts';
import { compareInPlace } from './in-place.ts';
import { fileChanges, hashOf, type FileChanges, type WantedFiles } from './restore-plan.ts';
import {
  addedThere,
  goneFolder,
  layBack,
  movedAway,
  savedFile,
  type Saved,
  type Standing,
} from './put-back.ts';
import { backFolder } from './remote.ts';
import type { SiteLock } from './site-lock.ts';

export interface RestoreOptions extends WantedFiles {
  readonly progress: OnProgress;
  /** How often putting in place is tried; once unless said otherwise. */
  readonly trying?: Trying;
}

export interface Restored {
  readonly written: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/**
 * Brings paths of a site (all of it when none is named) back to what a backup holds: files that differ are
 * sent to a folder beside the site, compared, and renamed into place; what the backup does not know goes.
 * What was left out of the backup stays.
 */
export async function restorePaths(
  services: { readonly store: Store },
  hands: Hands,
  lock: SiteLock,
  options: RestoreOptions,
): Promise<Restored> {
  return putFiles(hands, lock, await fileChanges(services, hands, options), options.progress, options.trying);
}

/** Paths that are put in place by one command, so that none grows without bound. */
const BATCH = 500;

/** Changes to be made, and who knows the contents. */
export interface FilesToPut extends Pick<FileChanges, 'changed' | 'extra' | 'unchanged' | 'there'> {
  readonly snapshot: Pick<FileChanges['snapshot'], 'read'>;
}

/**
 * Makes the changes that were planned; before each batch the site is told what brings it back. Afterwards each file that was written is
 * compared where it lies now.
 * @throws Problem `stage-damaged` before anything is replaced, `not-in-place` after it
 */
export async function putFiles(
  hands: Hands,
  lock: SiteLock,
  { snapshot, changed, extra, unchanged, there }: FilesToPut,
  progress: OnProgress,
  trying: Trying = (work) => work(hands),
): Promise<Restored> {
  const { signal, site } = hands;
  const staged = joinRemote(lock.runFolder, 'restore');
  const savedFolder = joinRemote(lock.runFolder, 'saved');
  await hands.on((connection) =>
    runOk(
      connection,
      lines(
        lock.fence,
        sh`umask 077; rm -rf -- ${[staged, savedFolder, backFolder(lock.runFolder)]}; mkdir -p -- ${staged}`,
      ),
      {
        attempted: 'Make room for the restored files',
        signal,
        timeLimit: 60_000,
      },
    ),
  );
  const files = changed.filter(([, entry]) => entry.kind === 'file');
  const sending: Sending[] = files.map(([, entry], index) => ({
    name: String(index),
    kind: 'file',
    size: entry.kind === 'file' ? entry.size : 0,
    mode: entry.mode,
    mtime: Number(entry.mtime),
    content: () => snapshot.read(entry.kind === 'file' ? entry.blobs : []),
  }));
  const sums = new Map<string, string>();
  if (sending.length > 0) {
    await hands.on((connection) =>
      sendFiles(connection, staged, sending, {
        before: lock.fence,
        scripts: hands.scripts.files,
        signal,
        progress,
        what: 'Send the files',
      }),
    );
    const sent = await hands.on((connection) =>
      hashFiles(connection, 'sha256', staged, ['.'], { scripts: hands.scripts.files, signal }),
    );
    for (const [index, [path, entry]] of files.entries()) {
      const right = (await hashOf(snapshot, entry)) ?? '';
      sums.set(path, right);
      if (sent.get(String(index)) !== right) {
        throw new Problem({
          code: 'stage-damaged',
          message: 'What arrived on the server is not what was sent. Nothing was replaced.',
          answered: path,
          todo: 'Try again; the server’s disk may be full or failing.',
        });
      }
    }
  }
  const steps: { readonly put: Script; readonly saved: Saved | null }[] = [];
  const root = site.root;
  const kept = () => joinRemote(savedFolder, String(steps.length));
  const standing = (path: string): Standing => there.get(path)?.kind ?? 'nothing';
  for (const [path, entry] of changed.filter(([, one]) => one.kind === 'folder')) {
    const target = joinRemote(root, path);
    const was = standing(path);
    steps.push({
      put: sh`{ [ -d ${target} ] && [ ! -L ${target} ]; } || { rm -rf -- ${target}; mkdir -- ${target}; } && chmod ${(entry.mode & 0o777).toString(8)} -- ${target} || exit 1`,
      saved:
        was === 'nothing'
          ? addedThere(target, 'folder')
          : was === 'folder'
            ? null
            : movedAway(target, kept()),
    });
  }
  for (const [index, [path]] of files.entries()) {
    const target = joinRemote(root, path);
    const from = joinRemote(staged, String(index));
    const was = standing(path);
    const saved =
      was === 'nothing'
        ? addedThere(target, 'file')
        : was === 'file'
          ? savedFile(target, kept())
          : movedAway(target, kept());
    steps.push({
      // Where nothing is staged any more, an earlier try has put it in place, and only its answer was lost.
      put: sh`[ ! -f ${from} ] || { ${saved.save}
{ [ ! -d ${target} ] || [ -L ${target} ] || rm -rf -- ${target}; } && mv -f -- ${from} ${target}; } || exit 1`,
      saved: { ...saved, save: sh`:` },
    });
  }
  for (const [path, entry] of changed) {
    if (entry.kind !== 'link') continue;
    const target = joinRemote(root, path);
    steps.push({
      put: sh`rm -rf -- ${target} && ln -s -- ${entry.target} ${target} || exit 1`,
      saved: standing(path) === 'nothing' ? addedThere(target, 'file') : movedAway(target, kept()),
    });
  }
  for (const path of extra.toSorted((a, b) => b.length - a.length)) {
    const target = joinRemote(root, path);
    const gone = there.get(path);
    steps.push(
      gone?.kind === 'folder'
        ? { put: sh`rmdir -- ${target} 2>/dev/null || :`, saved: goneFolder(target, gone.mode) }
        : { put: sh`rm -f -- ${target} || exit 1`, saved: movedAway(target, kept()) },
    );
  }
  await trying(async (by) => {
    for (let at = 0; at < steps.length; at += BATCH) {
      const part = steps.slice(at, at + BATCH);
      await by.on(async (connection) => {
        await lock.takeTurn(connection, by.signal);
        const saved = part.flatMap((step) => (step.saved === null ? [] : [step.saved]));
        const script = lines(
          lock.fence,
          sh`(umask 077; mkdir -p -- ${savedFolder}) || exit 1`,
          layBack(backFolder(lock.runFolder), at / BATCH, saved),
          ...part.flatMap((step) => [step.saved?.save ?? sh`:`, step.put]),
        );
        await runOk(connection, script, {
          attempted: 'Put the files in place',
          signal: by.signal,
          timeLimit: 300_000,
        });
      });
      progress({
        what: 'Put the files in place',
        done: Math.min(at + BATCH, steps.length),
        total: steps.length,
        unit: 'files',
      });
    }
    await compareInPlace(by, sums);
  });
  await hands.on((connection) =>
    runOk(connection, lines(lock.fence, sh`rm -rf -- ${staged}`), {
      attempted: 'Tidy up on the server',
      signal,
      timeLimit: 120_000,
    }),
  );
  return { written: changed.length, deleted: extra.length, unchanged };
}
