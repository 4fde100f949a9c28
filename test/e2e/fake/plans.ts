import type { Update } from '../../../main/checks/index.ts';
import type { Choice, RollbackPreview, UpdatePlan } from '../../../main/updates/index.ts';
import type { SampleSite } from './fleet.ts';

/** What updating the chosen components would do. WooCommerce migrates, Yoast was edited by hand. */
export function samplePlan(site: SampleSite, choices: Choice[]): UpdatePlan {
  const updates = choices
    .map((choice) =>
      site.updates.find((one) => one.component.kind === choice.kind && one.component.slug === choice.slug),
    )
    .filter((update): update is Update => update !== undefined);
  const blocked = updates.find((update) => update.obstacles.length > 0);
  return {
    updates: updates.map((update) => ({
      update,
      migrates:
        update.component.slug === 'woocommerce' ? 'yes' : update.component.kind === 'core' ? 'perhaps' : 'no',
      files: { added: 12, changed: 41, deleted: 3, kept: 459 },
      bytesToUpload: 880_640,
      localChanges:
        update.component.slug === 'wordpress-seo' ? ['wp-content/plugins/wordpress-seo/inc/options.php'] : [],
    })),
    blockers:
      blocked === undefined
        ? []
        : [
            {
              code: 'requirement',
              message: `${blocked.component.name} ${blocked.release.version} does not fit this site.`,
              attempted: 'Compare what it needs with what the site has',
              answered: blocked.obstacles.join(' '),
              todo: 'Ask the host for a newer PHP, then check again.',
            },
          ],
    warnings: ['The site folder is 91 % full.'],
  };
}

/** What taking back the latest update would do. */
export function sampleRollback(site: SampleSite, now: number): RollbackPreview {
  const [first] = site.updates;
  const name = first?.component.name ?? 'Akismet Anti-spam';
  return {
    title: `Roll back ${name} on ${site.summary.site.name}`,
    components: [
      {
        kind: 'plugin',
        slug: first?.component.slug ?? 'akismet',
        name,
        from: '6.0',
        to: first?.component.version ?? '5.2',
      },
    ],
    means: 'kept',
    database: {
      available: true,
      takenAt: now - 7_200_000,
      changed: [
        { table: 'wp_comments', before: 1204, now: 1209 },
        { table: 'wp_wc_orders', before: 388, now: 391 },
      ],
    },
  };
}
