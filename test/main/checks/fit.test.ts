import { describe, expect, it } from 'vitest';
import { bestUpdate, isDirectorys, obstaclesTo, questionOf, updatesFor } from '../../../main/checks/index.ts';
import { coreContext } from '../../../main/releases/index.ts';
import { SiteId } from '../../../main/words/index.ts';
import { aComponent, anInventory, aRelease, core } from '../samples.ts';

const siteId = SiteId.parse('site_bakery0');
const needs = (requires: Partial<{ core: string; php: string; database: string }>) =>
  aRelease({ requires: { core: null, php: null, database: null, ...requires } });

describe('what stands in the way of a release', () => {
  it.each([
    ['nothing', needs({}), {}, []],
    [
      'nothing, where it asks for what is there',
      needs({ core: '6.4', php: '8.2', database: '5.5.5' }),
      {},
      [],
    ],
    ['WordPress is too old', needs({ core: '6.5' }), {}, ['Needs WordPress 6.5; this site has 6.4.3.']],
    ['PHP is too old', needs({ php: '8.3' }), {}, ['Needs PHP 8.3; this site has 8.2.10.']],
    ['PHP of a distribution, which is new enough', needs({ php: '8.2.10' }), { php: '8.2.10-2ubuntu1' }, []],
    [
      'a pre-release of WordPress, which counts as the release',
      needs({ core: '6.5' }),
      { components: [core('6.5-RC2')] },
      [],
    ],
    [
      'MySQL is too old',
      needs({ database: '8.0' }),
      { database: { kind: 'mysql', version: '5.7.44-log' } },
      ['Needs MySQL 8.0; this site has 5.7.44-log.'],
    ],
    [
      'MariaDB, whose numbers are others',
      needs({ database: '8.0' }),
      { database: { kind: 'mariadb', version: '5.5.68-MariaDB' } },
      [],
    ],
    [
      'SQLite, which has no such number',
      needs({ database: '8.0' }),
      { database: { kind: 'sqlite', version: '3.40.1' } },
      [],
    ],
    [
      'what is not known is no obstacle',
      needs({ core: '9', php: '9', database: '9' }),
      { components: [], php: null, database: null },
      [],
    ],
    [
      'several things',
      needs({ core: '9', php: '9' }),
      {},
      ['Needs WordPress 9; this site has 6.4.3.', 'Needs PHP 9; this site has 8.2.10.'],
    ],
    [
      'no package',
      aRelease({ packageUrl: null }),
      {},
      ['The source offers no package to download; a licence may be needed.'],
    ],
  ] as const)('%s', (_name, release, site, obstacles) => {
    expect(obstaclesTo(release, anInventory({ ...site } as Partial<ReturnType<typeof anInventory>>))).toEqual(
      obstacles,
    );
  });
});

describe('the best update', () => {
  const best = (version: string, releases: ReturnType<typeof aRelease>[]) =>
    bestUpdate(siteId, aComponent({ version }), releases, anInventory());

  it('is the newest release', () => {
    expect(
      best('5.3', [
        aRelease({ version: '5.3.1' }),
        aRelease({ version: '5.10' }),
        aRelease({ version: '5.4' }),
      ]),
    ).toMatchObject({ release: { version: '5.10' }, kind: 'minor', obstacles: [] });
  });

  it('is the newest one that fits, before a newer one that does not', () => {
    const releases = [
      aRelease({ version: '7.0', requires: { core: null, php: '9.0', database: null } }),
      aRelease({ version: '6.0' }),
      aRelease({ version: '5.9' }),
    ];
    expect(best('5.3', releases)).toMatchObject({ release: { version: '6.0' }, obstacles: [] });
  });

  it('is the newest one with what stands in its way, where none fits', () => {
    const releases = [
      aRelease({ version: '6.0', packageUrl: null }),
      aRelease({ version: '7.0', packageUrl: null }),
    ];
    expect(best('5.3', releases)).toMatchObject({
      release: { version: '7.0' },
      obstacles: [expect.stringContaining('no package') as string],
    });
  });

  it.each(['5.3', '5.3.0', '6.0', '5.3.1-beta1'])(
    'is none for a version %s where 5.3 is offered',
    (version) => {
      expect(best(version, [aRelease({ version: '5.3' })])).toBeNull();
    },
  );

  it('is none for a component that does not say its version', () => {
    expect(best('', [aRelease({ version: '9.9' })])).toBeNull();
  });

  it('counts WordPress’s own first two numbers as its major version', () => {
    const update = bestUpdate(
      siteId,
      core('6.4.3'),
      [aRelease({ kind: 'core', slug: 'wordpress', version: '6.5' })],
      anInventory(),
    );
    expect(update).toMatchObject({ kind: 'major' });
  });
});

describe('the one question for a fleet', () => {
  it('has each component once, with its lowest version', () => {
    const site = (version: string) => anInventory({ components: [core('6.4.3'), aComponent({ version })] });
    expect(questionOf([site('5.10'), site('5.3'), site('5.9')]).plugins).toEqual([
      { file: 'akismet/akismet.php', name: 'Akismet', version: '5.3', updateUri: null },
    ]);
  });

  it('has each kind of core once: patch levels of PHP and the database make no new question', () => {
    const question = questionOf([
      anInventory(),
      anInventory({ php: '8.2.99' }),
      anInventory({ database: { kind: 'mariadb', version: '10.11.9' } }),
      anInventory({ php: '8.3.1' }),
    ]);
    expect(question.cores).toEqual([
      { version: '6.4.3', locale: 'en_US', php: '8.2', database: '10.11', multisite: false },
      { version: '6.4.3', locale: 'en_US', php: '8.3', database: '10.11', multisite: false },
    ]);
  });

  it('never tells the directory about components that belong to others, or that do not say their version', () => {
    const components = [
      aComponent({ slug: 'pro', file: 'pro/pro.php', updateUri: 'https://vendor.example/pro' }),
      aComponent({ slug: 'none', file: 'none/none.php', version: '' }),
      aComponent({ kind: 'theme', slug: 'own', file: 'own/style.css', updateUri: 'false' }),
      aComponent({ kind: 'must-use', slug: 'mu', file: 'mu.php' }),
      aComponent({ kind: 'theme', slug: 'meadow', file: 'meadow/style.css', version: '1.4' }),
    ];
    expect(questionOf([anInventory({ components })])).toEqual({
      cores: [],
      plugins: [],
      themes: [{ slug: 'meadow', version: '1.4' }],
    });
  });

  it.each([
    [null, true],
    ['https://wordpress.org/plugins/akismet/', true],
    ['w.org/plugin/akismet', true],
    ['https://w.org.evil.example/x', false],
    ['https://vendor.example/w.org/', false],
    ['false', false],
  ])('Update URI %s is the directory’s: %s', (updateUri, expected) => {
    expect(isDirectorys(aComponent({ updateUri }))).toBe(expected);
  });
});

describe('inventory × releases', () => {
  it('gives what waits, for each component from its own source', () => {
    const inventory = anInventory({
      components: [
        core('6.4.3'),
        aComponent(),
        aComponent({ slug: 'pro', file: 'pro/pro.php', updateUri: 'https://vendor.example/' }),
        aComponent({ kind: 'theme', slug: 'meadow', file: 'meadow/style.css', version: '1.4' }),
      ],
    });
    const [context] = questionOf([inventory]).cores;
    const answer = {
      cores: new Map(
        context === undefined
          ? []
          : [
              [
                coreContext(context),
                [
                  aRelease({ kind: 'core', slug: 'wordpress', version: '6.4.4' }),
                  aRelease({ kind: 'core', slug: 'wordpress', version: '6.5.5' }),
                ],
              ],
            ],
      ),
      plugins: new Map([
        ['akismet/akismet.php', aRelease()],
        ['pro/pro.php', aRelease({ slug: 'pro', version: '99' })],
      ]),
      themes: new Map([['meadow', aRelease({ kind: 'theme', slug: 'meadow', version: '1.5' })]]),
      failures: [],
    };
    expect(
      updatesFor(siteId, inventory, answer).map(({ component, release, kind }) => [
        component.slug,
        release.version,
        kind,
      ]),
    ).toEqual([
      ['wordpress', '6.5.5', 'major'],
      ['akismet', '5.3.1', 'patch'],
      ['meadow', '1.5', 'minor'],
    ]);
  });
});
