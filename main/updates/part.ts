import type { FileScripts } from '../backups/index.ts';
import type { Update } from '../checks/index.ts';
import type { Platform, Reading } from '../platforms/index.ts';
import type { Answers, Package, Packages, WordPressOrgPlace } from '../releases/index.ts';
import type { Site } from '../sites/index.ts';
import type { OnProgress, RemotePath } from '../words/index.ts';
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
  /** Our own run's lock is no obstacle. */
  readonly runId: string | null;
  readonly fileScripts: FileScripts;
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

/** What is written on the site in all: every new tree in full. */
export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.package.files.reduce((all, file) => all + file.size, 0), 0);
}
