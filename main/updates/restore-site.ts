import { hashFiles, sendFiles, type Sending, type Store } from '../backups/index.ts';
import { lines, runOk, sh, type Script } from '../connections/index.ts';
import { joinRemote, Problem, type OnProgress } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { fileChanges, hashOf, type FileChanges, type WantedFiles } from './restore-plan.ts';
import type { SiteLock } from './site-lock.ts';

export interface RestoreOptions extends WantedFiles {
  readonly progress: OnProgress;
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
  return putFiles(hands, lock, await fileChanges(services, hands, options), options.progress);
}

/** Makes the changes that were planned. */
export async function putFiles(
  hands: Hands,
  lock: SiteLock,
  { snapshot, changed, extra, unchanged, there }: FileChanges,
  progress: OnProgress,
): Promise<Restored> {
  const { signal, site } = hands;
  const staged = joinRemote(lock.runFolder, 'restore');
  await hands.on((connection) =>
    runOk(connection, lines(lock.fence, sh`umask 077; rm -rf -- ${staged}; mkdir -p -- ${staged}`), {
      attempted: 'Make room for the restored files',
      signal,
      timeLimit: 60_000,
    }),
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
      if (sent.get(String(index)) !== (await hashOf(snapshot, entry))) {
        throw new Problem({
          code: 'stage-damaged',
          message: 'What arrived on the server is not what was sent. Nothing was replaced.',
          answered: path,
          todo: 'Try again; the server’s disk may be full or failing.',
        });
      }
    }
  }
  const steps: Script[] = [];
  const root = site.root;
  for (const [path, entry] of changed.filter(([, one]) => one.kind === 'folder')) {
    steps.push(
      sh`{ [ -d ${joinRemote(root, path)} ] && [ ! -L ${joinRemote(root, path)} ]; } || { rm -rf -- ${joinRemote(root, path)}; mkdir -- ${joinRemote(root, path)}; } && chmod ${(entry.mode & 0o777).toString(8)} -- ${joinRemote(root, path)} || exit 1`,
    );
  }
  for (const [index, [path]] of files.entries()) {
    const target = joinRemote(root, path);
    const from = joinRemote(staged, String(index));
    steps.push(
      // Where nothing is staged any more, an earlier try has put it in place, and only its answer was lost.
      sh`[ ! -f ${from} ] || { { [ ! -d ${target} ] || [ -L ${target} ] || rm -rf -- ${target}; } && mv -f -- ${from} ${target}; } || exit 1`,
    );
  }
  for (const [path, entry] of changed) {
    if (entry.kind === 'link')
      steps.push(
        sh`rm -rf -- ${joinRemote(root, path)} && ln -s -- ${entry.target} ${joinRemote(root, path)} || exit 1`,
      );
  }
  for (const path of extra.toSorted((a, b) => b.length - a.length)) {
    const target = joinRemote(root, path);
    steps.push(
      there.get(path)?.kind === 'folder'
        ? sh`rmdir -- ${target} 2>/dev/null || :`
        : sh`rm -f -- ${target} || exit 1`,
    );
  }
  // A part at a time, so that no command grows without bound.
  for (let at = 0; at < steps.length; at += 500) {
    const part = steps.slice(at, at + 500);
    await hands.on(async (connection) => {
      await lock.takeTurn(connection, signal);
      await runOk(connection, lines(lock.fence, ...part), {
        attempted: 'Put the files in place',
        signal,
        timeLimit: 300_000,
      });
    });
    progress({
      what: 'Put the files in place',
      done: Math.min(at + 500, steps.length),
      total: steps.length,
      unit: 'files',
    });
  }
  await hands.on((connection) =>
    runOk(connection, lines(lock.fence, sh`rm -rf -- ${staged}`), {
      attempted: 'Tidy up on the server',
      signal,
      timeLimit: 120_000,
    }),
  );
  return { written: changed.length, deleted: extra.length, unchanged };
}
