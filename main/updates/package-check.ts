import type { Component } from '../platforms/index.ts';
import {
  coreChecksums,
  pluginChecksums,
  type Answers,
  type Checksums,
  type Package,
  type Release,
  type WordPressOrgPlace,
} from '../releases/index.ts';
import { Problem } from '../words/index.ts';

export interface PackageCheck {
  readonly component: Component;
  readonly release: Release;
  readonly package: Package;
  readonly place: WordPressOrgPlace;
  readonly locale: string;
  readonly answers: Answers;
  readonly signal: AbortSignal;
}

/** The checksums that the directory publishes for a version of a component; null: none. */
export async function publishedChecksums(
  check: Omit<PackageCheck, 'package' | 'release'>,
  version: string,
): Promise<Checksums | null> {
  const { component, place, answers, signal } = check;
  if (component.kind === 'core') return coreChecksums(place, version, check.locale, answers, signal);
  if (component.kind === 'plugin') return pluginChecksums(place, component.slug, version, answers, signal);
  return null;
}

/**
 * Makes sure that a package is what the release says: the right component, the right version, and the
 * files whose checksums the directory publishes.
 * @throws Problem `package-wrong`, `package-mismatch`
 */
export async function checkPackage(check: PackageCheck): Promise<void> {
  const { component, release } = check;
  const version = await versionInside(check);
  if (version !== release.version) {
    throw wrong(check, version === null ? `it holds no ${nameOf(component)}` : `it holds version ${version}`);
  }
  const published = await publishedChecksums(check, release.version);
  if (published === null) return;
  const files = new Map(check.package.files.map((file) => [file.path, file]));
  for (const [path, hashes] of published) {
    if (component.kind === 'core' && path.startsWith('wp-content/')) continue;
    const file = files.get(path);
    if (!file) throw mismatch(check, `${path} is missing`);
    const right =
      hashes.sha256.length > 0 ? hashes.sha256.includes(file.sha256) : hashes.md5.includes(file.md5);
    if (!right) throw mismatch(check, `${path} differs`);
  }
}

async function versionInside(check: PackageCheck): Promise<string | null> {
  const { component } = check;
  const has = (path: string) => check.package.files.some((file) => file.path === path);
  if (component.kind === 'core') {
    if (!['wp-includes/version.php', 'wp-load.php', 'wp-settings.php', 'wp-admin/index.php'].every(has))
      return null;
    const text = (await check.package.read('wp-includes/version.php')).toString('utf8');
    return coreVersionIn(text);
  }
  const main = mainFileOf(component);
  if (!has(main)) return null;
  const head = (await check.package.read(main)).subarray(0, 8192).toString('utf8').replaceAll('\r', '\n');
  const named = headerIn(head, component.kind === 'theme' ? 'Theme Name' : 'Plugin Name');
  return named === null ? null : headerIn(head, 'Version');
}

/** Slugs of the plugins that a new release of a plugin says it needs (`Requires Plugins`, WordPress 6.5). */
export async function needsInside(component: Component, from: Package): Promise<string[]> {
  if (component.kind !== 'plugin') return [];
  const head = (await from.read(mainFileOf(component)))
    .subarray(0, 8192)
    .toString('utf8')
    .replaceAll('\r', '\n');
  const slugs = (headerIn(head, 'Requires Plugins') ?? '').split(',').map((slug) => slug.trim());
  // As WordPress reads them: what is no slug counts for nothing.
  return [...new Set(slugs.filter((slug) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(slug)))];
}

/** The database version that a core package brings; null where it can't be read. */
export async function databaseVersionInside(core: Package): Promise<number | null> {
  const text = (await core.read('wp-includes/version.php')).toString('utf8');
  const found = /\$wp_db_version\s*=\s*(\d+)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

const MIGRATING =
  /\bdbDelta\s*\(|\b(?:ALTER|CREATE|DROP|RENAME|TRUNCATE)\s+TABLE\b|\bmaybe_(?:create_table|add_column)\s*\(/i;

/** Whether code in these files may change the database's tables. */
export async function mayMigrate(from: Package, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    if (path.endsWith('.php') && MIGRATING.test((await from.read(path)).toString('latin1'))) return true;
  }
  return false;
}

/** A plugin's main file, or a theme's style.css, within its package. */
export function mainFileOf(component: Component): string {
  if (component.kind === 'theme') return 'style.css';
  const file = component.file ?? '';
  return file.includes('/') ? file.slice(file.indexOf('/') + 1) : file;
}

/** The version that the text of a `version.php` says; null: it says none. */
export function coreVersionIn(text: string): string | null {
  return /\$wp_version\s*=\s*(['"])(.*?)\1/.exec(text)?.[2] ?? null;
}

/** A header of a plugin's or theme's main file, as WordPress reads it (`get_file_data`); null: it is not there. */
export function headerIn(head: string, field: string): string | null {
  const found = new RegExp(`^(?:[ \\t]*<\\?php)?[ \\t/*#@]*${field}:(.*)$`, 'mi').exec(head)?.[1];
  return found === undefined ? null : found.replace(/\s*(?:\*\/|\?>).*/, '').trim();
}

function nameOf(component: Component): string {
  return component.kind === 'core' ? 'WordPress' : `${component.kind} “${component.name}”`;
}

function wrong(check: PackageCheck, answered: string): Problem {
  return new Problem({
    code: 'package-wrong',
    message: `The package offered for ${check.component.name} ${check.release.version} is not that release.`,
    attempted: `Open the package from ${check.release.packageUrl ?? ''}`,
    answered,
    todo: 'Tell the source; try again later. The site was not touched.',
  });
}

function mismatch(check: PackageCheck, answered: string): Problem {
  return new Problem({
    code: 'package-mismatch',
    message: `The package of ${check.component.name} ${check.release.version} does not match its published checksums.`,
    attempted: 'Compare every file with the checksums of wordpress.org',
    answered,
    todo: 'Do not install it by hand either; tell the source. The site was not touched.',
  });
}
