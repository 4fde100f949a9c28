import { isDirectorys } from '../../checks/index.ts';
import type { Component } from '../../platforms/index.ts';
import { releaseOfInstalled, type Checksums, type Package, type Release } from '../../releases/index.ts';
import { asProblem, type OnProgress } from '../../words/index.ts';
import { checkPackage, publishedChecksums } from '../package-check.ts';
import type { PrepareServices } from '../part.ts';

/** What is asked for one component that is installed. */
export interface Asking {
  readonly services: Pick<PrepareServices, 'packages' | 'answers' | 'place'>;
  /** The language that the site says it has. */
  readonly locale: string;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** A release as it was published, in one language. */
export interface Published {
  readonly release: Release;
  readonly locale: string;
  /** Hashes by path within the component. */
  readonly files: Checksums;
}

/** What the directory says of the version that is installed: in each language that it may be installed in; or why it says nothing. */
export type Originals = readonly Published[] | { readonly unknown: string };

/** Asks what the files of a component have to be. What cannot be asked is not known. */
export async function askOriginals(component: Component, asking: Asking): Promise<Originals> {
  const { kind, version } = component;
  const title = `${component.name} ${version}`.trim();
  if (kind !== 'core' && kind !== 'plugin' && kind !== 'theme') return { unknown: '' };
  if (version === '') return { unknown: `${component.name} does not say which version it is.` };
  if (!isDirectorys(component))
    return { unknown: `${title} comes from its own vendor, who publishes no checksums.` };
  try {
    const found =
      kind === 'theme' ? [await askTheme(component, asking)] : await askChecksums(component, kind, asking);
    if (found.length > 0) return found;
    return {
      unknown: `wordpress.org knows no ${title}: it comes from elsewhere, or was never published there in this version.`,
    };
  } catch (error) {
    asking.signal.throwIfAborted();
    const { code, message, answered } = asProblem(error);
    return {
      unknown:
        code === 'source-error' && answered.startsWith('HTTP 404')
          ? `wordpress.org has no package of ${title}.`
          : `${title}: ${message}`,
    };
  }
}

async function askChecksums(
  component: Component,
  kind: 'core' | 'plugin',
  { services, locale, signal }: Asking,
): Promise<Published[]> {
  const { answers } = services;
  const place = services.place();
  // A site in another language may have been installed from the package in English.
  const locales = kind === 'core' ? [...new Set([locale, 'en_US'])] : ['en_US'];
  const found = await Promise.all(
    locales.map(async (one) => {
      const files = await publishedChecksums(
        { component, place, locale: one, answers, signal },
        component.version,
      );
      return files === null
        ? []
        : [{ locale: one, files, release: releaseOfInstalled(place, { ...component, kind }, one) }];
    }),
  );
  return found.flat();
}

/** Nobody publishes checksums of themes: the package itself says what they are. */
async function askTheme(component: Component, asking: Asking): Promise<Published> {
  const release = releaseOfInstalled(asking.services.place(), { ...component, kind: 'theme' }, 'en_US');
  const opened = await openOriginal(component, { release, locale: 'en_US' }, asking);
  const files = new Map(
    opened.files.map(({ path, md5, sha256 }) => [path, { md5: [md5], sha256: [sha256] }]),
  );
  opened.close();
  return { release, locale: 'en_US', files };
}

/**
 * Opens the package of a release, and makes sure that it is that release: the component, the version that it claims, and every file
 * as it was published.
 * @throws Problem `package-wrong`, `package-mismatch`, `source-error`, …
 */
export async function openOriginal(
  component: Component,
  { release, locale }: Pick<Published, 'release' | 'locale'>,
  { services, signal, progress }: Asking,
): Promise<Package> {
  const { package: opened } = await services.packages.open(release, signal, progress);
  try {
    const { answers } = services;
    await checkPackage({
      component,
      release,
      package: opened,
      place: services.place(),
      locale,
      answers,
      signal,
    });
    return opened;
  } catch (error) {
    opened.close();
    throw error;
  }
}
