import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHostKeys, type HostKeys } from '../../../../main/connections/index.ts';
import { aKeyPair, aTempFolder, type TempFolder } from '../../../rig/index.ts';
import { aJsonFile } from '../../samples.ts';

let temp: TempFolder;
let knownHosts: string;
let keys: HostKeys;
beforeEach(() => {
  temp = aTempFolder('host-keys');
  knownHosts = path.join(temp.path, 'known_hosts');
  keys = openHostKeys(aJsonFile(), [knownHosts]);
});
afterEach(() => temp.remove());

const raw = (publicKey: string) => Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
const ed25519 = aKeyPair(path.join(aTempFolder('keys').path, 'a'));
const another = aKeyPair(path.join(aTempFolder('keys').path, 'b'));
const rsa = (() => {
  const file = path.join(aTempFolder('keys').path, 'rsa');
  spawnSync('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', file]);
  return fs.readFileSync(`${file}.pub`, 'utf8').trim();
})();
const shown = { host: 'example.org', port: 22, type: 'ssh-ed25519', fingerprint: ed25519.fingerprint };

describe('a host that nobody knows', () => {
  it('is unknown, and says what to compare', () => {
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey))).toEqual({ verdict: 'unknown', key: shown });
  });

  it('is trusted once it was confirmed', () => {
    keys.trust(shown, false);
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey))).toEqual({ verdict: 'trusted' });
    expect(keys.judge('EXAMPLE.org', 22, raw(ed25519.publicKey))).toEqual({ verdict: 'trusted' });
  });

  it('is still unknown on another port', () => {
    keys.trust(shown, false);
    expect(keys.judge('example.org', 2222, raw(ed25519.publicKey)).verdict).toBe('unknown');
  });
});

describe('a host that was confirmed here', () => {
  beforeEach(() => keys.trust(shown, false));

  it('is refused with another key, and both are named', () => {
    const verdict = keys.judge('example.org', 22, raw(another.publicKey));
    expect(verdict).toMatchObject({
      verdict: 'changed',
      problem: { code: 'host-key-changed', attempted: 'Connect to example.org:22' },
    });
    expect(verdict).toHaveProperty(
      'problem.answered',
      `It showed ${another.fingerprint}; expected ${ed25519.fingerprint}.`,
    );
    expect(verdict).toHaveProperty('problem.todo', expect.stringContaining('fingerprint'));
  });

  it('is refused with a key of another type, too', () => {
    expect(keys.judge('example.org', 22, raw(rsa))).toMatchObject({
      verdict: 'changed',
      problem: { code: 'host-key-changed' },
    });
  });

  it('is refused even when known_hosts knows the other key', () => {
    fs.writeFileSync(knownHosts, `example.org ${another.publicKey}\n`);
    expect(keys.judge('example.org', 22, raw(another.publicKey)).verdict).toBe('changed');
  });

  it('keeps its key unless it is replaced on purpose', () => {
    const other = { ...shown, fingerprint: another.fingerprint };
    expect(() => keys.trust(other, false)).toThrow(expect.objectContaining({ code: 'host-key-known' }));
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey)).verdict).toBe('trusted');
    keys.trust(other, true);
    expect(keys.judge('example.org', 22, raw(another.publicKey)).verdict).toBe('trusted');
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey)).verdict).toBe('changed');
  });

  it('is asked for its known type of key first', () => {
    expect(keys.knownTypes('example.org', 22)).toEqual(['ssh-ed25519']);
    expect(keys.knownTypes('example.org', 2222)).toEqual([]);
  });
});

describe('a host that known_hosts knows', () => {
  it('is trusted with that key', () => {
    fs.writeFileSync(knownHosts, `example.org ${ed25519.publicKey}\nexample.org ${rsa}\n`);
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey)).verdict).toBe('trusted');
    expect(keys.judge('example.org', 22, raw(rsa)).verdict).toBe('trusted');
    expect(keys.knownTypes('example.org', 22)).toEqual(['ssh-ed25519', 'ssh-rsa']);
  });

  it('is refused with another one, of whatever type', () => {
    fs.writeFileSync(knownHosts, `example.org ${ed25519.publicKey}\n`);
    expect(keys.judge('example.org', 22, raw(another.publicKey)).verdict).toBe('changed');
    expect(keys.judge('example.org', 22, raw(rsa)).verdict).toBe('changed');
  });

  it('is refused with a revoked key, even one that was confirmed here', () => {
    keys.trust(shown, false);
    fs.writeFileSync(knownHosts, `@revoked * ${ed25519.publicKey}\n`);
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey))).toMatchObject({
      verdict: 'refused',
      problem: { code: 'host-key-revoked' },
    });
  });

  it('is not trusted with an authority’s own key, nor taken for changed because there is one', () => {
    fs.writeFileSync(knownHosts, `@cert-authority * ${ed25519.publicKey}\n`);
    expect(keys.judge('example.org', 22, raw(ed25519.publicKey)).verdict).toBe('unknown');
    expect(keys.judge('example.org', 22, raw(another.publicKey)).verdict).toBe('unknown');
  });

  it('is never trusted where known_hosts cannot be read', () => {
    fs.mkdirSync(knownHosts);
    expect(() => keys.judge('example.org', 22, raw(ed25519.publicKey))).toThrow(
      expect.objectContaining({ code: 'known-hosts-unreadable' }),
    );
  });
});
