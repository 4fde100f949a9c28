import fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { exportSites, importSites, openSites, SiteDraft, type Site } from '../../../main/sites/index.ts';
import { aClock, aDraft, aJsonFile } from '../samples.ts';

const registry = () => openSites(aJsonFile(), aClock());
const drafts = (sites: readonly Site[]) => sites.map((site) => SiteDraft.parse(site));

/** Text as a user may type it: spaces at its ends do not count, formulas and quotes do. */
const text = (maxLength: number) =>
  fc
    .oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength }),
      fc.constantFrom(
        '=1+1',
        '+49 30 1',
        '-x',
        '@home',
        "'quoted'",
        "'=x",
        'a,b;c',
        'a"b',
        'two\nlines',
        '\ttab',
        '"',
        "''",
        '＝1',
      ),
    )
    .map((one) => one.trim())
    .filter((one) => one !== '');
const word = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019.-_=+@'), minLength: 1, maxLength: 10 })
  .filter((one) => !one.includes('@'));
const authentication = fc.oneof(
  fc.constant({ kind: 'agent' as const }),
  fc.constant({ kind: 'password' as const }),
  fc
    .constantFrom('~/.ssh/id', 'C:\\keys\\my key.ppk', '/keys/a,b')
    .map((file) => ({ kind: 'key' as const, file })),
);
const ssh = fc
  .record({
    kind: fc.constantFrom('ssh' as const, 'sftp' as const),
    host: fc.constantFrom('a.example', '192.0.2.7', '2001:db8::1'),
    port: fc.integer({ min: 1, max: 65535 }),
    user: word,
    authentication,
    hops: fc.array(
      fc.record({
        host: fc.constantFrom('gate.example', '2001:db8::2'),
        port: fc.integer({ min: 1, max: 65535 }),
        user: word,
      }),
      { maxLength: 2 },
    ),
  })
  .map(({ hops, ...rest }) => ({
    ...rest,
    jump: hops.map((hop) => ({ ...hop, authentication: rest.authentication })),
  }));
const draft = fc.record({
  name: text(20),
  url: fc.constantFrom('https://bakery.example/', 'http://127.0.0.1:8080/shop'),
  platform: fc.constantFrom('wordpress', 'files'),
  root: fc.constantFrom('/srv/www', '/home/a b', '/srv/=x', '/srv/caf\uDCE9', "/srv/it's"),
  connection: fc.oneof(
    { weight: 5, arbitrary: ssh },
    { weight: 1, arbitrary: fc.constant({ kind: 'local' as const }) },
  ),
  tags: fc.uniqueArray(fc.constantFrom('shop', 'blog', '2024', '=tag', '-old'), { maxLength: 3 }),
  notes: fc.oneof(fc.constant(''), text(40)),
});
/** Sites that are no twins of one another. */
const fleet = fc.uniqueArray(draft, { maxLength: 5, selector: (one) => one.name.toLowerCase() }).map((list) =>
  list.map((one, index) => {
    // Over SFTP a site is its files.
    const platform = one.connection.kind === 'sftp' ? 'files' : one.platform;
    return SiteDraft.parse({ ...one, platform, root: `${one.root}/${index}` });
  }),
);

describe.each(['json', 'csv'] as const)('sites exported as %s', (format) => {
  it('are the same when they are imported', () => {
    fc.assert(
      fc.property(fleet, (given) => {
        const [from, to] = [registry(), registry()];
        given.forEach((one) => from.add(one));
        const result = importSites(to, format, exportSites(from.list(), format));
        expect(result.refused).toEqual([]);
        expect(drafts(to.list())).toEqual(given);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused as twins when they are there already, each by name', () => {
    const sites = registry();
    sites.add(aDraft());
    expect(importSites(sites, format, exportSites(sites.list(), format))).toEqual({
      added: [],
      refused: [
        {
          line: format === 'csv' ? 2 : 1,
          name: 'Hollyhock Bakery',
          why: expect.stringContaining('already') as string,
        },
      ],
    });
  });

  it('hold no secret, no id and no trace on the server', () => {
    const sites = registry();
    const { id } = sites.add(aDraft());
    expect(exportSites(sites.list(), format)).not.toMatch(new RegExp(`${id}|privateFolder|passw`));
  });
});

describe('CSV', () => {
  it('never holds a cell that a spreadsheet would run', () => {
    fc.assert(
      fc.property(fleet, (given) => {
        const sites = registry();
        given.forEach((one) => sites.add(one));
        // Within quotes a comma or a newline begins no cell.
        const cells = Papa.parse<string[]>(exportSites(sites.list(), 'csv')).data.flat();
        expect(cells.filter((cell) => /^[=+@\-\t\r]/.test(cell))).toEqual([]);
      }),
    );
  });

  it('names the line of each row that is refused, as an editor counts lines', () => {
    const csv = [
      'name,url,root,host,user,notes',
      'Good,https://a.example,/srv/a,a.example,deploy,"two',
      'lines"',
      '',
      'No address,nowhere,/srv/b,b.example,deploy,',
      'No user,https://c.example,/srv/c,c.example,,',
      ',https://d.example,/srv/d,d.example,deploy,',
    ].join('\n');
    const { added, refused } = importSites(registry(), 'csv', csv);
    expect(added).toEqual(['Good']);
    expect(refused.map(({ line, name }) => [line, name])).toEqual([
      [5, 'No address'],
      [6, 'No user'],
      [7, ''],
    ]);
    expect(refused.map(({ why }) => why).join('\n')).toMatch(/url[\s\S]*user[\s\S]*name/);
  });

  it('is read with a byte order mark, semicolons, Windows line ends and columns in any order', () => {
    const { added, refused } = importSites(
      registry(),
      'csv',
      '\uFEFFuser;host;root;url;name\r\ndeploy;a.example;/srv/a;https://a.example;Bäckerei\r\n',
    );
    expect({ added, refused }).toEqual({ added: ['Bäckerei'], refused: [] });
  });

  it.each(['', 'not,a,list\n1,2,3', '<html></html>'])('that is no list of sites is refused: %j', (csv) => {
    expect(() => importSites(registry(), 'csv', csv)).toThrow(
      expect.objectContaining({ code: 'not-a-site-list' }),
    );
  });
});

describe('JSON', () => {
  it.each(['', '{', '[]', '{"sites":[]}', '{"groundskeeper":"sites","version":2,"sites":[]}', 'null'])(
    'that is no list of sites is refused: %j',
    (json) => {
      expect(() => importSites(registry(), 'json', json)).toThrow(
        expect.objectContaining({ code: 'not-a-site-list' }),
      );
    },
  );

  it('adds what can be added and says of each other one why not', () => {
    const json = JSON.stringify({
      groundskeeper: 'sites',
      version: 1,
      sites: [aDraft(), { name: 'Half' }, 7, aDraft({ name: 'Twin' })],
    });
    const { added, refused } = importSites(registry(), 'json', json);
    expect(added).toEqual(['Hollyhock Bakery']);
    expect(refused.map(({ line, name }) => [line, name])).toEqual([
      [2, 'Half'],
      [3, ''],
      [4, 'Twin'],
    ]);
  });
});
