import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readSshConfig } from '../../../../main/connections/index.ts';
import { aTempFolder } from '../../../rig/index.ts';

const temp = aTempFolder('ssh-config');
afterAll(() => temp.remove());
const file = path.join(temp.path, 'config');
const me = os.userInfo().username;
const home = os.homedir();

/** A configuration file with these lines. */
function config(text: string) {
  fs.writeFileSync(file, text);
  return readSshConfig(file);
}
const resolve = (text: string, name: string) => config(text).resolve(name, {});

describe('~/.ssh/config', () => {
  it('that is not there changes nothing', () => {
    expect(readSshConfig('/nowhere/config').resolve('example.org', {})).toEqual({
      kind: 'ssh',
      host: 'example.org',
      port: 22,
      user: me,
      authentication: { kind: 'agent' },
      jump: [],
      configHost: null,
    });
  });

  it('gives a host its name, user, port and key', () => {
    expect(
      resolve(
        'Host bakery\n  HostName shell.example.org\n  User deploy\n  Port 2222\n  IdentityFile ~/.ssh/bakery\n  IdentitiesOnly yes\n',
        'bakery',
      ),
    ).toEqual({
      kind: 'ssh',
      host: 'shell.example.org',
      port: 2222,
      user: 'deploy',
      authentication: { kind: 'key', file: `${home}/.ssh/bakery` },
      jump: [],
      configHost: 'bakery',
    });
  });

  it.each([
    ['the first value wins', 'Host a*\n User first\nHost *\n User second\n', 'first'],
    ['a general section first wins too', 'Host *\n User first\nHost abc\n User second\n', 'first'],
    ['what stands before every section holds for all', 'User loose\nHost abc\n User second\n', 'loose'],
    ['a pattern that is left out', 'Host *bc !abc\n User wrong\nHost *\n User right\n', 'right'],
    ['a question mark', 'Host ab?\n User right\n', 'right'],
    ['several patterns', 'Host x y abc\n User right\n', 'right'],
    ['words in any letters', 'HOST abc\n USER right\n', 'right'],
    ['an equals sign', 'Host=abc\n User=right\n', 'right'],
    ['quotes', 'Host "abc"\n User "right"\n', 'right'],
    ['comments', '# User wrong\nHost abc # not a pattern\n User right\n', 'right'],
  ])('%s', (_name, text, user) => {
    expect(resolve(text, 'abc')).toMatchObject({ user });
  });

  it('fills the tokens in', () => {
    const text = 'Host *\n HostName %h.example.org\n User deploy\n IdentityFile %d/keys/%r@%h-%n-%%-%p\n';
    expect(resolve(text, 'www')).toMatchObject({
      host: 'www.example.org',
      authentication: { kind: 'key', file: `${home}/keys/deploy@www.example.org-www-%-22` },
    });
  });

  it('passes over Match, whose exec is code', () => {
    const proof = path.join(temp.path, 'was-run');
    const text = `Match exec "touch ${proof}"\n User wrong\nHost *\n User right\nMatch all\n Port 99\n`;
    expect(resolve(text, 'abc')).toMatchObject({ user: 'right', port: 22 });
    expect(fs.existsSync(proof)).toBe(false);
  });

  it('lets what is given by hand win', () => {
    const given = { user: 'me', port: 2200, identityFile: '/keys/mine' };
    expect(config('Host abc\n User a\n Port 1\n IdentityFile b\n').resolve('abc', given)).toMatchObject({
      user: 'me',
      port: 2200,
      authentication: { kind: 'key', file: '/keys/mine' },
    });
  });

  it('takes IdentityFile none for the agent', () => {
    expect(resolve('Host *\n IdentityFile none\n', 'abc')).toMatchObject({
      authentication: { kind: 'agent' },
    });
  });
});

describe('jump hosts', () => {
  it('come in the order in which they are passed, each with its own settings', () => {
    const text =
      'Host inner\n ProxyJump outer,me@middle:2200\nHost outer\n HostName out.example\n User gate\n IdentityFile /keys/gate\nHost middle\n HostName mid.example\n';
    expect(resolve(text, 'inner')).toMatchObject({
      host: 'inner',
      jump: [
        { host: 'out.example', port: 22, user: 'gate', authentication: { kind: 'key', file: '/keys/gate' } },
        { host: 'mid.example', port: 2200, user: 'me', authentication: { kind: 'agent' } },
      ],
    });
  });

  it('may need jump hosts themselves', () => {
    const text = 'Host a\n ProxyJump b\nHost b\n ProxyJump c\n';
    expect(resolve(text, 'a')).toMatchObject({ jump: [{ host: 'c' }, { host: 'b' }] });
  });

  it('are written as URLs and IPv6 addresses too', () => {
    expect(resolve('Host a\n ProxyJump ssh://gate@[2001:db8::1]:2200\n', 'a')).toMatchObject({
      jump: [{ host: '2001:db8::1', port: 2200, user: 'gate' }],
    });
  });

  it('are not there for ProxyJump none', () => {
    expect(resolve('Host a\n ProxyJump none\nHost *\n ProxyJump gate\n', 'a')).toMatchObject({ jump: [] });
  });

  it('that lead in a circle are refused', () => {
    expect(() => resolve('Host a\n ProxyJump b\nHost b\n ProxyJump a\n', 'a')).toThrow(
      expect.objectContaining({ code: 'jump-circle' }),
    );
  });
});

describe('Include', () => {
  const folder = path.join(temp.path, 'config.d');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, '10-clients'), 'Host bakery\n User deploy\n');
  fs.writeFileSync(path.join(folder, '20-more'), 'Host florist\n User flora\n');

  it('brings another file in', () => {
    expect(resolve(`Include ${folder}/10-clients\n`, 'bakery')).toMatchObject({
      user: 'deploy',
      configHost: 'bakery',
    });
  });

  it('brings a whole folder in, by a pattern', () => {
    const read = config(`Include ${folder}/*\nHost *\n User other\n`);
    expect(read.resolve('bakery', {})).toMatchObject({ user: 'deploy' });
    expect(read.resolve('florist', {})).toMatchObject({ user: 'flora' });
    expect(read.resolve('butcher', {})).toMatchObject({ user: 'other' });
    expect(read.hosts().map((host) => host.name)).toEqual(['bakery', 'florist']);
  });

  it('brings several files in', () => {
    expect(resolve(`Include ${folder}/10-clients ${folder}/20-more\n`, 'florist')).toMatchObject({
      user: 'flora',
    });
  });

  it('counts where it stands', () => {
    expect(resolve(`Include ${folder}/10-clients\nUser late\n`, 'bakery')).toMatchObject({ user: 'deploy' });
    expect(resolve(`User early\nInclude ${folder}/10-clients\n`, 'bakery')).toMatchObject({ user: 'early' });
  });

  it('within a section holds for that section only', () => {
    fs.writeFileSync(path.join(folder, 'loose'), 'User deploy\n');
    const read = config(`Host bakery\n Include ${folder}/loose\nHost *\n User other\n`);
    expect(read.resolve('bakery', {})).toMatchObject({ user: 'deploy' });
    expect(read.resolve('florist', {})).toMatchObject({ user: 'other' });
  });

  it('of itself ends', () => {
    expect(resolve(`Include ${file}\nHost abc\n User right\n`, 'abc')).toMatchObject({ user: 'right' });
  });
});

describe('the hosts to choose from', () => {
  it('are the named ones, each once, without patterns', () => {
    const text =
      'Host bakery florist\n User a\nHost *.example web? !x\n User b\nHost bakery\n Port 2222\nHost *\n ProxyJump gate\n';
    expect(config(text).hosts()).toEqual([
      { name: 'bakery', host: 'bakery', port: 2222, user: 'a', identityFile: null, jump: ['gate'] },
      { name: 'florist', host: 'florist', port: 22, user: 'a', identityFile: null, jump: ['gate'] },
    ]);
  });
});

describe('any configuration', () => {
  /** What OpenSSH itself makes of it, without connecting. */
  function opensshSays(name: string) {
    const said = spawnSync('ssh', ['-F', file, '-G', name], { encoding: 'utf8' }).stdout;
    const value = (key: string) => new RegExp(`^${key} (.*)$`, 'm').exec(said)?.[1] ?? null;
    return { host: value('hostname'), port: Number(value('port')), user: value('user') };
  }

  it('is understood as OpenSSH understands it', () => {
    const pattern = fc.constantFrom('*', 'web', 'w*', '?eb', 'db', '!web', '!d*', '*b', 'shop');
    const setting = fc.oneof(
      fc.constantFrom('a', 'b', 'c').map((user) => `User ${user}`),
      fc.constantFrom(22, 2200, 2222).map((port) => `Port=${port}`),
      fc.constantFrom('one.example', '%h.example', '"two.example"').map((host) => `  HostName ${host}`),
      fc.constant('# Port 1'),
    );
    const section = fc
      .tuple(fc.array(pattern, { minLength: 1, maxLength: 3 }), fc.array(setting, { maxLength: 4 }))
      .map(([patterns, settings]) => [`Host ${patterns.join(' ')}`, ...settings].join('\n'));
    const whole = fc
      .tuple(fc.array(setting, { maxLength: 2 }), fc.array(section, { maxLength: 5 }))
      .map(([loose, sections]) => `${[...loose, ...sections].join('\n')}\n`);
    fc.assert(
      fc.property(whole, fc.constantFrom('web', 'db', 'shop', 'deb'), (text, name) => {
        const { kind: _kind, ...ours } = { ...config(text).resolve(name, {}) };
        expect(ours).toMatchObject(opensshSays(name));
      }),
      { numRuns: 120 },
    );
  });
});
