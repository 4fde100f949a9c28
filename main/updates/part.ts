import type { FileScripts } from '../backups/index.ts';
import type { Update } from '../checks/index.ts';
import type { Connection } from '../connections/index.ts';
import type { Platform, Reading } from '../platforms/index.ts';
import type { Answers, Package, Packages, WordPressOrgPlace } from '../releases/index.ts';
import type { Site } from '../sites/index.ts';
import type { OnProgress, RemotePath } from '../words/index.ts';
import type { Look } from './look.ts';
import type { Choice } from './plan.ts';
import type { UpdateScripts } from './remote.ts';

/** What preparing needs from the rest of the app. */
export interface PrepareServices {
  readonly packages: Packages;
  readonly answers: Answers;
  readonly place: () => WordPressOrgPlace;
  readonly scripts: UpdateScripts;
}

/** What is to be prepared. */
export interface PrepareOptions {
  readonly site: Site;
  readonly platform: Platform;
  readonly reading: Reading;
  readonly waiting: readonly Update[];
  readonly choices: readonly Choice[];
  readonly privateFolder: RemotePath;
  /** How large the dump of the database may become; asked only where one is taken. */
  readonly dumpBytes: (connection: Connection) => Promise<number>;
  /** Our own run's lock is no obstacle. */
  readonly runId: string | null;
  readonly fileScripts: FileScripts;
  /** Looks at the site where no commands are run. */
  readonly look?: (targets: readonly RemotePath[]) => Promise<Look>;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** One component that is to be replaced, with everything known about how. */
export interface Part {
  readonly update: Update;
  readonly package: Package;
  readonly migrates: 'no' | 'perhaps' | 'yes';
  /** Trees that are swapped whole, relative to the root: `wp-content/plugins/akismet`, `wp-admin`, `wp-includes`. */
  readonly folders: readonly TreeDiff[];
  /** Single files that are swapped, relative to the root. */
  readonly files: readonly { readonly path: string; readonly inPackage: string }[];
  /** Files that the release deletes, relative to the root. */
  readonly deletions: readonly string[];
  readonly localChanges: readonly string[];
  /** Slugs of plugins that the new release needs. */
  readonly needs: readonly string[];
}

/** One folder: how the live one becomes the new one. Paths are relative to the folder. */
export interface TreeDiff {
  readonly folder: string;
  /** Where it lies in the package; '' is its top. */
  readonly inPackage: string;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly deleted: readonly string[];
  readonly kept: readonly string[];
}

/** @param isOwn whether a file that the package does not hold is the user’s own, and stays */
export function diffTree(
  folder: string,
  inPackage: string,
  opened: Package,
  live: ReadonlyMap<string, string>,
  isOwn: (path: string) => boolean,
): TreeDiff {
  const wanted = new Map<string, string>();
  for (const file of opened.files) {
    if (inPackage === '') wanted.set(file.path, file.sha256);
    else if (file.path.startsWith(`${inPackage}/`))
      wanted.set(file.path.slice(inPackage.length + 1), file.sha256);
  }
  const added: string[] = [];
  const changed: string[] = [];
  const kept: string[] = [];
  for (const [path, hash] of wanted) {
    const there = live.get(path);
    if (there === undefined) added.push(path);
    else if (there === hash) kept.push(path);
    else changed.push(path);
  }
  const deleted = [...live.keys()].filter((path) => !wanted.has(path) && !isOwn(path));
  return { folder, inPackage, added, changed, deleted, kept };
}

/** Bytes that travel: only what differs. */
export function bytesToUpload(part: Part): number {
  const sizes = new Map(part.package.files.map((file) => [file.path, file.size]));
  const inTrees = part.folders.flatMap((tree) =>
    [...tree.added, ...tree.changed].map((path) =>
      tree.inPackage === '' ? path : `${tree.inPackage}/${path}`,
    ),
  );
  return [...inTrees, ...part.files.map((file) => file.inPackage)].reduce(
    (sum, path) => sum + (sizes.get(path) ?? 0),
    0,
  );
}

/** What will be written on the site in all. */
export interface Needs {
  readonly bytes: number;
  readonly files: number;
  /** Bytes of a dump of the database, once. */
  readonly dump: number;
}

/** What is written on the site in all: every new tree in full. */
export function needsOf(parts: readonly Part[]): Omit<Needs, 'dump'> {
  const files = parts.flatMap((part) => part.package.files);
  return { bytes: files.reduce((sum, file) => sum + file.size, 0), files: files.length };
}

/** The components whose update changes the database, or may. */
export function namesOfMigrating(
  parts: readonly { readonly migrates: Part['migrates']; readonly name: string }[],
) {
  return parts.filter(({ migrates }) => migrates !== 'no').map(({ name }) => name);
}

/** What an update changes, relative to the root. */
export function touchedBy(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => [
    ...part.folders.map((tree) => tree.folder),
    ...part.files.map((file) => file.path),
    ...part.deletions,
  ]);
}
