import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  readKnownHosts,
  speaksOf,
  typeOfKey,
} from '../../../../main/connections/ssh/known-hosts.ts';
import { aKeyPair, aTempFolder } from '../../../rig/index.ts';

const temp = aTempFolder('known-hosts');
afterAll(() => temp.remove());
const key = aKeyPair(path.join(temp.path, 'host_key'));
const file = path.join(temp.path, 'known_hosts');

const knows = (text: string, host: string, port: number) =>
  readKnownHosts(text).some((line) => speaksOf(line, host, port));

/** What OpenSSH's own ssh-keygen finds in the same file. */
function opensshKnows(text: string, host: string, port: number): boolean {
  fs.writeFileSync(file, text);
  const name = port === 22 ? host : `[${host}]:${port}`;
  return spawnSync('ssh-keygen', ['-F', name, '-f', file]).status === 0;
}

/** The same lines with their names hashed, as `HashKnownHosts yes` writes them. */
function hashed(text: string): string {
  fs.writeFileSync(file, text);
  spawnSync('ssh-keygen', ['-H', '-f', file]);
  return fs.readFileSync(file, 'utf8');
}

describe('known_hosts', () => {
  it.each([
    ['a plain name', 'example.org', 'example.org', 22, true],
    ['a plain name, in other letters', 'example.org', 'Example.ORG', 22, true],
    ['a plain name, on another port', 'example.org', 'example.org', 2222, false],
    ['a name with its port', '[example.org]:2222', 'example.org', 2222, true],
    ['a name with its port, on port 22', '[example.org]:2222', 'example.org', 22, false],
    ['several names', 'a.example,b.example,192.0.2.7', '192.0.2.7', 22, true],
    ['an IPv6 address', '2001:db8::1', '2001:db8::1', 22, true],
    ['a star', '*.example.org', 'www.example.org', 22, true],
    ['a star, which the bare domain does not match', '*.example.org', 'example.org', 22, false],
    ['a dot, which is only a dot', 'wwwxexample.org', 'www.example.org', 22, false],
    ['a question mark', 'web?.example.org', 'web1.example.org', 22, true],
    ['a question mark is one character', 'web?.example.org', 'web12.example.org', 22, false],
    ['all but one', '*.example.org,!bad.example.org', 'good.example.org', 22, true],
    ['the one that is left out', '*.example.org,!bad.example.org', 'bad.example.org', 22, false],
    ['the one that is left out first', '!bad.example.org,*.example.org', 'bad.example.org', 22, false],
    ['a star with a port', '[*.example.org]:2222', 'www.example.org', 2222, true],
  ])('%s: %s speaks of %s port %i: %s', (_name, patterns, host, port, expected) => {
    expect(knows(`${patterns} ${key.publicKey}\n`, host, port)).toBe(expected);
  });

  it('finds what ssh-keygen -H has hashed, and nothing else', () => {
    const text = hashed(`example.org ${key.publicKey}\n[example.org]:2222 ${key.publicKey}\n`);
    expect(text).toContain('|1|');
    expect(text).not.toContain('example.org');
    expect(knows(text, 'example.org', 22)).toBe(true);
    expect(knows(text, 'Example.org', 2222)).toBe(true);
    expect(knows(text, 'example.org', 2223)).toBe(false);
    expect(knows(text, 'example.com', 22)).toBe(false);
  });

  it('finds exactly the lines that OpenSSH finds', () => {
    const host = fc.constantFrom('a', 'ab', 'b.example', 'www.b.example', '192.0.2.1', 'a-b');
    const pattern = fc.constantFrom(
      'a',
      'ab',
      '*',
      'a*',
      '?',
      '??',
      '*.example',
      '*.b.*',
      '192.0.2.*',
      '[a]:2222',
      '[*]:2222',
      '[*.example]:2222',
      '!a',
      '!*.example',
      '!a*',
      'b.example',
      '*b*',
      'a-?',
    );
    const line = fc
      .array(pattern, { minLength: 1, maxLength: 3 })
      .map((patterns) => `${patterns.join(',')} ${key.publicKey}`);
    fc.assert(
      fc.property(line, host, fc.constantFrom(22, 2222), (text, name, port) => {
        expect(knows(`${text}\n`, name, port)).toBe(opensshKnows(`${text}\n`, name, port));
      }),
      { numRuns: 150 },
    );
  });

  it('tells revoked keys and authorities from keys', () => {
    const text = `@revoked * ${key.publicKey}\n@cert-authority *.example.org ${key.publicKey}\nexample.org ${key.publicKey}\n`;
    expect(readKnownHosts(text).map((line) => line.marker)).toEqual(['revoked', 'cert-authority', 'none']);
  });

  it('passes over comments, empty lines, unknown markers and lines that are cut', () => {
    expect(
      readKnownHosts(
        `# a comment\n\n   \n@unheard-of * ${key.publicKey}\nexample.org ssh-ed25519\nexample.org\n`,
      ),
    ).toEqual([]);
  });

  it('reads files with Windows line ends, tabs and comments behind the key', () => {
    expect(knows(`\texample.org\t${key.publicKey} root@example\r\n`, 'example.org', 22)).toBe(true);
  });

  it('shows a key’s fingerprint as OpenSSH prints it', () => {
    const [line] = readKnownHosts(`example.org ${key.publicKey}\n`);
    fs.writeFileSync(file, `example.org ${key.publicKey}\n`);
    const printed = spawnSync('ssh-keygen', ['-lf', file], { encoding: 'utf8' }).stdout;
    expect(printed).toContain(fingerprintOf(line?.key ?? Buffer.alloc(0)));
    expect(typeOfKey(line?.key ?? Buffer.alloc(0))).toBe('ssh-ed25519');
  });

  it('names no type for what is not a key', () => {
    expect(typeOfKey(Buffer.alloc(0))).toBe('');
    expect(typeOfKey(Buffer.from('ffffffff', 'hex'))).toBe('');
  });
});
