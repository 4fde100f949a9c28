import type { Update } from '../../../main/checks/index.ts';
import type {
  Choice,
  ElsewherePlan,
  Finding,
  RollbackPreview,
  UpdatePlan,
} from '../../../main/updates/index.ts';
import type { BackupId } from '../../../main/words/index.ts';
import type { SampleSite } from './fleet.ts';

/** What updating the chosen components would do. WooCommerce migrates, Yoast was edited by hand; a festival's host keeps nothing running. */
export function samplePlan(site: SampleSite, choices: Choice[]): UpdatePlan {
  const updates = choices
    .map((choice) =>
      site.updates.find((one) => one.component.kind === choice.kind && one.component.slug === choice.slug),
    )
    .filter((update): update is Update => update !== undefined);
  const cutsOff = site.summary.site.name.includes('Festival');
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
    down: site.summary.site.name.includes('Festival'),
    watchdog: {
      runs: !cutsOff,
      needsConsent: cutsOff && updates.some(({ component }) => component.slug === 'woocommerce'),
    },
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
        versions: [],
      },
    ],
    means: 'kept',
    obstacles: site.summary.state === 'failed' ? [changedSince(name)] : [],
    database: {
      available: true,
      takenAt: now - 7_200_000,
      changed: [
        { table: 'wp_comments', before: 1204, now: 1209 },
        { table: 'wp_wc_orders', before: 388, now: 391 },
      ],
      countedAt: null,
      schema: [
        { table: 'wp_wc_orders', how: 'changed', columns: [{ name: 'tax_amount', how: 'added' }] },
        { table: 'wp_wc_order_stats', how: 'added', columns: [] },
      ],
    },
  };
}

/** What going back to the versions of a backup would do: one component by several updates, another by one. */
export function sampleRollbackTo(site: SampleSite, now: number): RollbackPreview {
  const one = sampleRollback(site, now);
  return {
    ...one,
    ...{ means: 'store', obstacles: [], database: { ...one.database, schema: [] } },
    components: [
      {
        ...{ kind: 'core', slug: 'wordpress', name: 'WordPress', from: '6.5.5', to: '6.2.8' },
        versions: ['6.2.8', '6.3.2', '6.3.5', '6.4.3', '6.4.5', '6.5.2', '6.5.3', '6.5.4', '6.5.5'],
      },
      ...one.components.map((component) => ({ ...component, versions: [component.to, component.from] })),
    ],
  };
}

/** Somebody has installed another version by hand since. */
const changedSince = (name: string): RollbackPreview['obstacles'][number] => ({
  canBeForced: true,
  problem: {
    code: 'changed-since',
    message: `${name} is at 6.1 now, not at 6.0 as that update left it: somebody has changed it since.`,
    attempted: 'Compare what is installed with what the update installed',
    answered: '',
    todo: 'To bring it back all the same, force it: what is there now is backed up before.',
  },
});

/** What restoring one site's backup to another would do. A site that shares its database is refused. */
export function sampleElsewhere(
  from: SampleSite,
  to: SampleSite,
  backupId: BackupId,
  now: number,
): ElsewherePlan {
  const [was, is] = [from.summary.site, to.summary.site];
  return {
    backupId,
    from: { name: was.name, takenAt: now - 7_200_000 },
    to: { siteId: is.id, name: is.name, url: is.url, root: is.root },
    files: {
      written: 1204,
      bytes: 88_080_384,
      deleted: 31,
      unchanged: 3120,
      stays: ['wp-config.php', '.htaccess'],
    },
    database: {
      prefix: { from: 'wp_', to: 'stg_' },
      moves: [
        { kind: 'url', from: was.url.replace(/\/$/, ''), to: is.url.replace(/\/$/, '') },
        { kind: 'path', from: was.root, to: is.root },
      ],
      rewritten: {
        tables: 14,
        rows: 20_411,
        values: 1893,
        places: 4120,
        byTable: [{ table: 'wp_posts', values: 1500 }],
        left: [
          { because: 'kept', column: 'wp_posts.guid', values: 812 },
          { because: 'broken-serialized', column: 'wp_options.option_value', values: 1 },
        ],
        notTaken: [],
        dropped: [],
      },
      dropped: ['stg_yoast_indexable'],
    },
    warnings: ['The site’s PHP is 8.1.29; the backup’s site runs on 8.3.12.'],
    blockers: is.tags.includes('shared')
      ? [
          {
            code: 'same-database',
            message: 'Both sites use the same database, so the backup is not restored into it.',
            attempted: 'Compare the databases of both sites',
            answered: 'client',
            todo: 'Give the other site a database of its own in its configuration, then try again.',
          },
        ]
      : [],
  };
}

/** What looking at everything about a site finds: a host that keeps nothing running, a file that was edited by hand. */
export function sampleFindings(site: SampleSite): Finding[] {
  const well = (about: Finding['about'], text: string): Finding => ({
    about,
    level: 'well',
    text,
    todo: '',
    which: [],
  });
  return [
    well('connection', 'It can be reached and read: PHP 8.2.29, MariaDB 10.11.6.'),
    well('requirements', 'Everything has what it needs.'),
    ...(site.summary.state === 'failed'
      ? [
          {
            about: 'health' as const,
            level: 'wrong' as const,
            text: 'Pages are sick.',
            todo: 'Roll back the latest update, or look at the PHP log of the server.',
            which: [`${site.summary.site.url}: There has been a critical error on this website`],
          },
        ]
      : [well('health', '8 pages looked at, all well.')]),
    well('conflicts', 'Nobody and nothing stands in the way of a change.'),
    well('changes', 'A watchdog can live on the server while it is updated.'),
    well('backups', 'The latest backup is of 2026-11-20 03:12 (UTC): 4812 files.'),
    {
      about: 'files',
      level: 'odd',
      text: 'Yoast SEO 26.2: 1 changed, 0 missing, 1 not of the release.',
      todo: 'Compare them with a backup; an update would replace what was changed.',
      which: ['changed: inc/options.php', 'not of the release: inc/options-old.php'],
    },
  ];
}
