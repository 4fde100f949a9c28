import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../main/database/index.ts';
import {
  askWordPressOrg,
  coreChecksums,
  openAnswers,
  openPackages,
  pluginChecksums,
  type Answers,
  type WordPressQuestion,
} from '../../main/releases/index.ts';
import { aClock, aRelease, never, quietly } from '../main/samples.ts';
import {
  aTempFolder,
  aWordPressOrg,
  goodPlugins,
  meadow,
  type Fault,
  type TempFolder,
  type WordPressOrg,
} from '../rig/index.ts';

let org: WordPressOrg;
let temp: TempFolder;
let database: Database;
let answers: Answers;
let clock: ReturnType<typeof aClock>;
beforeEach(async () => {
  [org, temp, clock] = [await aWordPressOrg(), aTempFolder('releases'), aClock()];
  database = openDatabase(path.join(temp.path, 'test.db'));
  answers = openAnswers(database, clock);
  org.offer(goodPlugins.openingHours.new);
  org.offer(meadow.new);
});
afterEach(async () => {
  await database.destroy();
  await org.stop();
  temp.remove();
});

const hours = {
  file: 'opening-hours/opening-hours.php',
  name: 'Opening Hours',
  version: '1.2.0',
  updateUri: null,
};
const cores = [{ version: '6.3.5', locale: 'en_US', php: '8.2', database: '10.11', multisite: false }];
const question: WordPressQuestion = { cores, plugins: [hours], themes: [{ slug: 'meadow', version: '1.4' }] };
const ask = (force = false, asked = question, signal = never) =>
  askWordPressOrg(org, asked, answers, force, signal);

describe('wordpress.org', () => {
  it('is asked what waits for plugins, themes and core', async () => {
    await org.offerCore('6.4');
    await org.offerCore('6.5');
    const { plugins, themes, cores: offers, failures } = await ask();
    expect(failures).toEqual([]);
    expect(plugins.get(hours.file)).toMatchObject({
      source: 'wordpress.org',
      kind: 'plugin',
      slug: 'opening-hours',
      version: '1.3.0',
      packageUrl: `${org.downloads}/plugin/opening-hours.1.3.0.zip`,
      requires: { core: '5.8', php: '7.2' },
    });
    expect(themes.get('meadow')).toMatchObject({ kind: 'theme', version: '1.5' });
    const versions = [...offers.values()].flat().map((release) => release.version);
    expect(new Set(versions)).toEqual(new Set(['6.5.5', '6.4.5']));
    expect([...offers.values()].flat()[0]?.requires).toMatchObject({ php: '7.0.0', database: '5.5.5' });
  });

  it('says what it has of what is new already, too, so that one answer serves the whole fleet', async () => {
    const { plugins } = await ask(false, { ...question, plugins: [{ ...hours, version: '1.3.0' }] });
    expect(plugins.get(hours.file)?.version).toBe('1.3.0');
  });

  it('is asked once for many sites, and not again while the answer is fresh', async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask()));
    await ask();
    expect([org.count('plugin-check'), org.count('theme-check'), org.count('core-check')]).toEqual([1, 1, 1]);
    clock.forward(59 * 60_000);
    await ask();
    expect(org.count('plugin-check')).toBe(1);
    clock.forward(2 * 60_000);
    await ask();
    expect(org.count('plugin-check')).toBe(2);
  });

  it('is asked again when the user insists', async () => {
    await ask();
    await ask(true);
    expect(org.count('plugin-check')).toBe(2);
  });

  it('is asked once for each kind of core', async () => {
    const two = [
      ...cores,
      { version: '6.4.5', locale: 'de_DE', php: '8.3', database: null, multisite: true },
    ];
    await ask(false, { ...question, cores: [...two, ...two] });
    expect(org.count('core-check')).toBe(2);
    expect(org.asked.map((one) => one.path).join('\n')).toContain('locale=de_DE');
  });

  it('is told nothing about the sites but what it needs', async () => {
    await ask();
    const told = org.asked
      .map(({ path: at, body, headers }) => `${at}\n${body}\n${headers['user-agent'] ?? ''}`)
      .join('\n');
    expect(told).toContain('Groundskeeper');
    expect(told).not.toMatch(/127\.0\.0\.1|bakery|localhost/);
  });

  const FAULTS: readonly (readonly [Fault, string])[] = [
    ['html', 'source-unreadable'],
    ['empty', 'source-unreadable'],
    ['garbage', 'source-unreadable'],
    ['short', 'source-unreadable'],
    ['drops', 'source-unreachable'],
    ['truncated', 'source-unreachable'],
    ['error', 'source-error'],
    ['busy', 'source-error'],
    ['gone', 'source-error'],
  ];
  it.each(FAULTS)(
    'that answers with “%s” spoils only that question, and is not believed for hours',
    async (fault, code) => {
      org.fail('plugin-check', fault);
      const broken = await ask();
      expect(broken.failures).toMatchObject([
        {
          code,
          attempted: expect.stringContaining('/plugins/update-check/') as string,
          answered: expect.stringMatching(/./) as string,
          todo: expect.stringMatching(/./) as string,
        },
      ]);
      expect(broken.themes.get('meadow')?.version).toBe('1.5');
      org.recover();
      expect((await ask()).plugins.get(hours.file)?.version).toBe('1.3.0');
    },
  );

  it('that is slow is waited for', async () => {
    org.fail('plugin-check', 'slow');
    expect((await ask()).plugins.get(hours.file)?.version).toBe('1.3.0');
  });

  it('that says nothing does not keep a cancelled check', async () => {
    org.fail('plugin-check', 'silent');
    await expect(ask(false, question, AbortSignal.timeout(300))).rejects.toThrow();
  });

  it('that says nothing at all is given up', { timeout: 60_000 }, async () => {
    org.fail('plugin-check', 'silent');
    expect((await ask()).failures).toMatchObject([{ code: 'source-slow' }]);
  });

  it('that is not there is a problem, not a crash', async () => {
    await org.stop();
    const { failures } = await ask();
    expect(failures).toHaveLength(3);
    expect(failures[0]).toMatchObject({
      code: 'source-unreachable',
      answered: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
});

describe('checksums', () => {
  it('of a core and of a plugin are those of their files', async () => {
    await org.offerCore('6.5');
    const core = await coreChecksums(org, '6.5.5', 'en_US', answers, never);
    const plugin = await pluginChecksums(org, 'opening-hours', '1.3.0', answers, never);
    expect(core?.get('wp-login.php')?.md5).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(plugin?.get('inc/hours.php')).toEqual({
      md5: [expect.stringMatching(/^[0-9a-f]{32}$/)],
      sha256: [expect.stringMatching(/^[0-9a-f]{64}$/)],
    });
  });

  it('that nobody knows are null, which is remembered', async () => {
    expect(await coreChecksums(org, '9.9.9', 'en_US', answers, never)).toBeNull();
    expect(await pluginChecksums(org, 'premium', '1.0', answers, never)).toBeNull();
    expect(await pluginChecksums(org, 'premium', '1.0', answers, never)).toBeNull();
    expect(org.count('plugin-checksums')).toBe(1);
  });

  it('may be several for one file', async () => {
    const { createServer } = await import('node:http');
    const server = createServer(
      (_request, response) =>
        void response.end('{"files":{"a.php":{"md5":["x","y"],"sha256":"z"},"b.php":{"md5":"w"}}}'),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const base = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    expect(await pluginChecksums({ api: base, downloads: base }, 'x', '1', answers, never)).toEqual(
      new Map([
        ['a.php', { md5: ['x', 'y'], sha256: ['z'] }],
        ['b.php', { md5: ['w'], sha256: [] }],
      ]),
    );
    server.close();
  });

  it.each(['html', 'error', 'empty', 'garbage'] as const)(
    'answered with “%s” are a problem, not “unknown”',
    async (fault) => {
      org.fail('plugin-checksums', fault);
      await expect(pluginChecksums(org, 'opening-hours', '1.3.0', answers, never)).rejects.toMatchObject({
        code: expect.stringMatching(/^source-/) as string,
      });
    },
  );
});

describe('packages', () => {
  const release = () =>
    aRelease({
      slug: 'opening-hours',
      version: '1.3.0',
      packageUrl: `${org.downloads}/plugin/opening-hours.1.3.0.zip`,
    });
  const packages = () => openPackages(path.join(temp.path, 'packages'));

  it('are fetched once for the whole fleet, and kept', async () => {
    const shelf = packages();
    const all = await Promise.all(Array.from({ length: 10 }, () => shelf.open(release(), never, quietly)));
    const again = await packages().open(release(), never, quietly);
    expect(org.count('download')).toBe(1);
    expect(new Set([...all, again].map((one) => one.sha256)).size).toBe(1);
    expect(again.package.top).toBe('opening-hours');
    expect(again.package.files.map((file) => file.path)).toContain('inc/holidays.php');
    expect((await again.package.read('inc/holidays.php')).toString()).toContain('opening_hours_holidays');
    for (const one of [...all, again]) one.package.close();
  });

  it.each([
    ['truncated', /package-truncated|source-unreachable/],
    ['short', /package-unreadable/],
    ['tampered', /package-unreadable/],
    ['html', /package-unreadable/],
    ['empty', /package-unreadable/],
    ['error', /source-error/],
    ['gone', /source-error/],
    ['drops', /source-unreachable/],
  ] as const)(
    'that come “%s” are refused, nothing of them is kept, and the next try fetches them anew',
    async (fault, code) => {
      org.fail('download', fault);
      await expect(packages().open(release(), never, quietly)).rejects.toMatchObject({
        code: expect.stringMatching(code) as string,
        todo: expect.stringMatching(/./) as string,
      });
      expect(fs.readdirSync(path.join(temp.path, 'packages'))).toEqual([]);
      org.recover();
      const { package: good } = await packages().open(release(), never, quietly);
      expect(good.files.length).toBeGreaterThan(3);
      good.close();
    },
  );

  it('of another plugin do not match the announced checksum', async () => {
    const { sha256, package: good } = await packages().open(release(), never, quietly);
    good.close();
    fs.rmSync(path.join(temp.path, 'packages'), { recursive: true });
    org.fail('download', 'other');
    const announced = { ...release(), sha256 };
    await expect(packages().open(announced, never, quietly)).rejects.toMatchObject({
      code: 'package-mismatch',
      answered: expect.stringContaining(sha256) as string,
    });
  });

  it('that were changed on the disk are fetched anew', async () => {
    const { sha256, package: good } = await packages().open(release(), never, quietly);
    good.close();
    const file = path.join(temp.path, 'packages', `${sha256}.zip`);
    fs.writeFileSync(file, fs.readFileSync(file).fill(0, 100, 110));
    const again = await packages().open(release(), never, quietly);
    again.package.close();
    expect(org.count('download')).toBe(2);
  });

  it('without encryption are not fetched, and a release without one says so', async () => {
    await expect(
      packages().open({ ...release(), packageUrl: 'http://downloads.example/x.zip' }, never, quietly),
    ).rejects.toMatchObject({ code: 'package-insecure' });
    await expect(packages().open({ ...release(), packageUrl: null }, never, quietly)).rejects.toMatchObject({
      code: 'no-package',
    });
  });

  it('whose download is cancelled leave nothing behind', async () => {
    org.fail('download', 'silent');
    await expect(packages().open(release(), AbortSignal.timeout(200), quietly)).rejects.toThrow();
    expect(fs.readdirSync(path.join(temp.path, 'packages'))).toEqual([]);
  });

  it('say how far the download is', async () => {
    const heard: number[] = [];
    const { package: good } = await packages().open(
      release(),
      never,
      ({ done, total }) => void heard.push(done / (total ?? Number.NaN)),
    );
    good.close();
    expect(heard.at(-1)).toBe(1);
  });
});
