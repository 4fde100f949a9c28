import { describe, expect, it } from 'vitest';
import { kindOfUpdate } from '../../../main/policies/index.ts';

const plain = (version: string) => ({ version, security: false });

describe('kindOfUpdate', () => {
  it.each([
    ['1.2.3', '1.2.4', 'patch'],
    ['1.2', '1.2.1', 'patch'],
    ['1.2.3', '1.3', 'minor'],
    ['1', '1.1', 'minor'],
    ['1.9.9', '2.0.0', 'major'],
    ['0.9', '1.0', 'major'],
    ['1.2.3.4', '1.2.3.5', 'patch'],
    ['1.2.0', '1.2.0.1', 'patch'],
    ['5.3-beta1', '5.3', 'patch'],
    ['2023.11', '2024.1', 'major'],
    ['', '1.0', 'major'],
  ])('a plugin from %s to %s is a %s update', (from, to, kind) => {
    expect(kindOfUpdate(from, plain(to), 'semver')).toBe(kind);
  });

  it.each([
    ['6.4.2', '6.4.3', 'patch'],
    ['6.4', '6.4.1', 'patch'],
    ['6.4.3', '6.5', 'major'],
    ['6.9', '7.0', 'major'],
  ])('WordPress from %s to %s is a %s update', (from, to, kind) => {
    expect(kindOfUpdate(from, plain(to), 'wordpress-core')).toBe(kind);
  });

  it('takes the source’s word that it is a security update, however large the step', () => {
    expect(kindOfUpdate('1.0', { version: '3.0', security: true }, 'semver')).toBe('security');
    expect(kindOfUpdate('6.4.1', { version: '6.4.2', security: true }, 'wordpress-core')).toBe('security');
  });
});
