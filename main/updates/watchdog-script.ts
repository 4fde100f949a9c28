import { z } from 'zod';
import { restoreScript } from '../backups/index.ts';
import { lines, quote, scriptFile, sh, type Script } from '../connections/index.ts';
import { stepScript } from '../platforms/index.ts';
import { joinRemote, type RemotePath, type RunId } from '../words/index.ts';
import type { Hands } from './hands.ts';
import { LAID } from './lay-from-store.ts';
import { undoAllScript, type UpdateScripts } from './remote.ts';
import { JournaledPart } from './run-plan.ts';
import type { SiteLock } from './site-lock.ts';
import { watchFolder } from './watch-folder.ts';

/** How a watchdog is set. */
export interface WatchdogTerms {
  /** Ticks without a sign of life until it fires. */
  readonly term: number;
  /** Seconds of a tick. */
  readonly tick: number;
  /** Seconds for which an undo that fails is tried again. */
  readonly patience: number;
  readonly shell: string;
}

/** A day. */
const PATIENCE = 86_400;

/** @param lease seconds without a sign of life until it fires */
export function watchdogTerms(lease: number): WatchdogTerms {
  return { term: lease, tick: 1, patience: PATIENCE, shell: '/bin/sh' };
}

/** The whole program, as it lies on the site. */
export function watchdogProgram(
  scripts: Pick<UpdateScripts, 'turn' | 'detach' | 'watchdog'>,
  place: { readonly privateFolder: RemotePath; readonly runId: RunId },
  terms: WatchdogTerms,
): Script {
  const watch = watchFolder(joinRemote(place.privateFolder, place.runId));
  return lines(
    scriptFile(scripts.turn, {}),
    scriptFile(scripts.detach, {}),
    scriptFile(scripts.watchdog, {
      watch,
      lock: joinRemote(place.privateFolder, 'lock'),
      run: place.runId,
      ...terms,
      reboot: rebootLine(joinRemote(watch, 'program'), place.runId, terms.shell),
    }),
  );
}

/** A line for crontab, marked with the run; empty where cron would not take such a path as it is. */
function rebootLine(program: RemotePath, runId: RunId, shell: string): string {
  if (/[%\\\n\r]/.test(program)) return '';
  return `@reboot ${quote(shell)} ${quote(program)} run # groundskeeper ${runId}`;
}

/** Writes a text, with a newline at its end, into a file on the site; nothing of it shows in a list of processes. */
export function writeText(file: RemotePath, text: string): Script {
  return sh`text=${text}
cat > ${file} <<TEXT || exit 1
$text
TEXT`;
}

/** What a run says of itself on the site. */
export const AboutRun = z.object({
  begunAt: z.number(),
  parts: z.array(JournaledPart.pick({ kind: true, slug: true, name: true, from: true, to: true })),
});
export type AboutRun = z.infer<typeof AboutRun>;

/** What a watchdog would do now, by the names that watchdog.sh knows. */
export interface UndoSet {
  /** An {@link AboutRun}, for a computer that knows nothing of the run. */
  readonly about: string;
  readonly part: string;
  readonly files?: Script | undefined;
  readonly close?: Script | undefined;
  readonly forget?: Script | undefined;
  readonly database?: Script | undefined;
  readonly visitors?: Script | undefined;
  readonly tidy: Script;
}

export interface UndoPlace {
  readonly scripts: UpdateScripts;
  readonly lock: SiteLock;
  readonly digest: string;
  /** When the run took the site, in milliseconds. */
  readonly begunAt: number;
  /** Has PHP forget the code that it compiled; null: it looks again by itself. */
  readonly forget: Script | null;
}

/**
 * What brings the site back from here.
 * @param digest SHA-256 of what lets the run's own looks past the maintenance page
 */
export async function undoSet(
  hands: Hands,
  { scripts, lock, digest, begunAt, forget }: UndoPlace,
  { part, index, parts }: UndoOf,
): Promise<UndoSet> {
  const { recipe } = hands.platform;
  const { root } = hands.site;
  const keepsOld = parts.some(({ outcome }) => outcome === 'kept');
  const remove = ['staged', 'new', 'dump', 'back', 'saved', 'restore', LAID, ...(keepsOld ? [] : ['old'])];
  const about: AboutRun = {
    begunAt,
    parts: parts.map(({ kind, slug, name, from, to }) => ({ kind, slug, name, from, to })),
  };
  const common = {
    about: JSON.stringify(about),
    visitors: stepScript(recipe, 'online', { root }) ?? undefined,
    tidy: sh`rm -rf -- ${remove.map((name) => joinRemote(lock.runFolder, name))}`,
  };
  if (part === null) return { part: '-', ...common };
  const { dump } = part;
  return {
    part: String(index),
    ...common,
    files: undoAllScript(scripts, lock.runFolder, part.items),
    close:
      part.offlineAt === null
        ? undefined
        : (stepScript(recipe, 'offline', { root, digest, now: 'always' }) ?? undefined),
    forget: forget ?? undefined,
    database:
      dump === null
        ? undefined
        : await hands.on(async (connection) => {
            const work = await hands.database(connection);
            return work === null ? undefined : restoreScript(work, dump.file, dump.tables);
          }),
  };
}

/** The component that is about to be swapped (null: none), and all components of the run as they are. */
export interface UndoOf {
  readonly part: JournaledPart | null;
  readonly index: number;
  readonly parts: readonly JournaledPart[];
}

/** Replaces a watchdog's undo in one instant. `name` has to be new. */
export function setUndoScript(watch: RemotePath, name: string, undo: UndoSet): Script {
  const set = joinRemote(watch, `set.${name}`);
  const scripts = Object.entries(undo).flatMap(([step, script]: [string, Script | string | undefined]) =>
    script === undefined
      ? []
      : [writeText(joinRemote(set, step), typeof script === 'string' ? script : script.text)],
  );
  return lines(
    sh`umask 077; mkdir -- ${set} || exit 1`,
    ...scripts,
    writeText(joinRemote(watch, 'undo.part'), `set.${name}`),
    sh`mv -f -- ${joinRemote(watch, 'undo.part')} ${joinRemote(watch, 'undo')} || exit 1
for one in ${watch}/set.*; do [ "$one" = ${set} ] || rm -rf -- "$one"; done`,
  );
}
