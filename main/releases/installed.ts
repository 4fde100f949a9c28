import { Release } from './release.ts';
import type { WordPressOrgPlace } from './wordpress-org.ts';

/** What is installed, as the directory names it. */
export interface Installed {
  readonly kind: 'core' | 'plugin' | 'theme';
  readonly slug: string;
  readonly version: string;
}

/**
 * The release of a version that is installed already, which no update check names. The addresses are those that wordpress.org links to in
 * “Advanced view” and on its page of releases; whether there is such a package is only known when it is fetched.
 * @param locale core comes in one package for each language
 */
export function releaseOfInstalled(
  place: WordPressOrgPlace,
  { kind, slug, version }: Installed,
  locale: string,
): Release {
  const name = encodeURIComponent(version);
  const path =
    kind === 'core'
      ? `/release/${locale === 'en_US' ? '' : `${encodeURIComponent(locale)}/`}wordpress-${name}.zip`
      : `/${kind}/${encodeURIComponent(slug)}.${name}.zip`;
  return Release.parse({
    source: 'wordpress.org',
    ...{ kind, slug, version },
    packageUrl: new URL(path, place.downloads).href,
    requires: {},
  });
}
