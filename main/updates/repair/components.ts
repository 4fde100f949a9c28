import { hashFiles, readManifest, type ManifestEntry } from '../../backups/index.ts';
import type { Component, ComponentPlace } from '../../platforms/index.ts';
import { asProblem } from '../../words/index.ts';
import type { Hands } from '../hands.ts';
import { mainFileOf } from '../package-check.ts';
import { compareWith, isCores, mayBeAnother, type Compared, type Lying } from './compare.ts';
import { askOriginals, type Asking, type Published } from './originals.ts';
import type { RepairComponent } from './plan.ts';

/** A component whose release is known, and where its files lie. */
export interface RepairPart {
  readonly component: Component;
  readonly published: Pick<Published, 'release' | 'locale'>;
  /** Its changed and missing files, relative to the root. */
  readonly differs: ReadonlySet<string>;
  /** A path relative to the root, as the package names it. */
  readonly inPackage: (path: string) => string;
}

/** One component, compared; `part` null: it is not known what its files have to be. */
export interface ComparedComponent {
  readonly said: RepairComponent;
  readonly part: RepairPart | null;
}

/** What lies in the folders of the components that were compared. */
export interface SiteFiles {
  /** By path relative to the root. */
  readonly there: ReadonlyMap<string, ManifestEntry>;
  /** Folders that are there, '' for the root. */
  readonly folders: ReadonlySet<string>;
}

/** A component, and what the directory says of it. */
interface Asked {
  readonly component: Component;
  readonly place: ComponentPlace;
  readonly published: readonly Published[];
  /** Why nothing was published. */
  readonly unknown: string;
}

/** Compares components with their releases. One of which nothing lies on the site is left out. */
export async function compareComponents(
  components: readonly Component[],
  hands: Hands,
  asking: Asking,
): Promise<{ compared: ComparedComponent[]; site: SiteFiles }> {
  const asked = await Promise.all(components.map((component) => ask(component, hands, asking)));
  const known = asked.filter(({ published }) => published.length > 0);
  const { there, lying } = await readSite(hands, known);
  const folders = new Set(['']);
  for (const { path, kind } of there.values()) if (kind === 'folder') folders.add(path);
  for (const path of known.flatMap(placesOf)) if (there.has(path)) folders.add(folderOf(path));
  return {
    compared: asked.flatMap((one) => compareOne(one, lying, there) ?? []),
    site: { there, folders },
  };
}

/** The folder that a path lies in; '' is the root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

async function ask(component: Component, hands: Hands, asking: Asking): Promise<Asked> {
  const nowhere: ComponentPlace = { path: '', single: false };
  try {
    const place = hands.platform.module?.place(component, null, hands.site.root) ?? nowhere;
    const found = await askOriginals(component, asking);
    return 'unknown' in found
      ? { component, place, published: [], unknown: found.unknown }
      : { component, place, published: found, unknown: '' };
  } catch (error) {
    asking.signal.throwIfAborted();
    return { component, place: nowhere, published: [], unknown: asProblem(error).message };
  }
}

/** Where the files of a component lie, relative to the root. */
function placesOf({ component, place, published }: Asked): string[] {
  if (component.kind !== 'core') return [place.path];
  const inRoot = published.flatMap(({ files }) => [...files.keys()]).filter((path) => !path.includes('/'));
  return [...new Set(['wp-admin', 'wp-includes', ...inRoot])];
}

async function readSite(hands: Hands, known: readonly Asked[]) {
  const { site, signal } = hands;
  const options = { scripts: hands.scripts.files, signal };
  const only = [...new Set(known.flatMap(placesOf))];
  const listed =
    only.length === 0
      ? []
      : await hands.on((connection) =>
          readManifest(connection, { root: site.root, only, leaveOut: [], ...options }),
        );
  const there = new Map(listed.map((entry) => [entry.path, entry]));
  const hash = async (algorithm: 'md5' | 'sha256', these: readonly Asked[]) => {
    const here = these.flatMap(placesOf).filter((path) => there.has(path));
    return here.length === 0
      ? new Map<string, string>()
      : hands.on((connection) => hashFiles(connection, algorithm, site.root, here, options));
  };
  // Of core, and of old plugins, only MD5 is published.
  const isOld = ({ published }: Asked) =>
    published.some(({ files }) => [...files.values()].some(({ sha256 }) => sha256.length === 0));
  const md5 = await hash('md5', known.filter(isOld));
  const sha256 = await hash(
    'sha256',
    known.filter((one) => !isOld(one)),
  );
  const others = new Set(listed.filter(({ kind }) => kind !== 'file').map(({ path }) => path));
  return { there, lying: { md5, sha256, others } satisfies Lying };
}

function compareOne(
  { component, place, published, unknown }: Asked,
  lying: Lying,
  there: ReadonlyMap<string, ManifestEntry>,
): ComparedComponent | null {
  const { kind, slug, name, version } = component;
  const isCore = kind === 'core';
  const main = mainFileOf(component);
  const notKnown = (why: string): ComparedComponent => ({
    said: { kind, slug, name, version, state: 'unknown', why, whole: 0, files: [], bytes: 0 },
    part: null,
  });
  if (published.length === 0) return notKnown(unknown);
  if (!isCore && !there.has(place.path)) return null;
  const isOf = (path: string) => (isCore ? isCores(path) : !place.single || path === main);
  const atRoot = (path: string) => (isCore ? path : place.single ? place.path : `${place.path}/${path}`);
  const mine = lyingBelow(lying, isCore ? null : place.path);
  const tried = published.map(({ files, ...rest }) => {
    const wanted = [...files]
      .filter(([path]) => isOf(path))
      .map(([path, hashes]) => [atRoot(path), hashes] as const);
    return { published: rest, compared: compareWith(new Map(wanted), mine, isCore) };
  });
  // Of several languages it is the one that most of it is in.
  const [best] = tried.toSorted((a, b) => b.compared.whole - a.compared.whole);
  if (best === undefined) return notKnown(unknown);
  const link = linkIn(best.compared, there);
  if (link !== null) return notKnown(`${link} is a symbolic link; somebody deploys it otherwise.`);
  const isUnsure = !isCore && mayBeAnother(best.compared);
  const why = isUnsure
    ? `Next to nothing of ${name} is as wordpress.org released ${version}: it may be another product by the same name, or all of it was changed.`
    : '';
  return {
    said: {
      ...{ kind, slug, name, version, why, bytes: 0 },
      state: isUnsure ? 'unsure' : 'known',
      whole: best.compared.whole,
      files: [...best.compared.files],
    },
    part: {
      component,
      published: best.published,
      differs: new Set(best.compared.files.flatMap(({ path, state }) => (state === 'extra' ? [] : [path]))),
      inPackage: (path) => (isCore ? path : place.single ? main : path.slice(place.path.length + 1)),
    },
  };
}

/** What lies at and below a path; null: what belongs to core. */
function lyingBelow(lying: Lying, place: string | null): Lying {
  const isMine = (path: string) =>
    place === null
      ? !path.includes('/') || /^wp-(admin|includes)\//.test(path)
      : path === place || path.startsWith(`${place}/`);
  const mine = (hashes: ReadonlyMap<string, string>) => new Map([...hashes].filter(([path]) => isMine(path)));
  return { md5: mine(lying.md5), sha256: mine(lying.sha256), others: lying.others };
}

/** A folder that leads elsewhere, where files of the release would be. */
function linkIn({ files }: Compared, there: ReadonlyMap<string, ManifestEntry>): string | null {
  for (const { path, state } of files)
    if (state !== 'extra')
      for (let above = folderOf(path); above !== ''; above = folderOf(above))
        if (there.get(above)?.kind === 'link') return above;
  return null;
}
