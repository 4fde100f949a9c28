import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findBrowser, installedBrowser } from '../../../main/browsers/index.ts';
import { aTempFolder } from '../../rig/index.ts';
import { never } from '../samples.ts';

const temp = aTempFolder('browser');
afterAll(() => temp.remove());
const program = (name: string, text = '#!/bin/sh\nexit 1\n') => {
  const file = join(temp.path, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
};

describe('a browser', () => {
  it('is found on the path, or where the environment says', () => {
    const chrome = program('google-chrome');
    const other = program('other');
    expect(findBrowser({ PATH: `/nowhere:${temp.path}` }, 'linux')).toBe(chrome);
    expect(findBrowser({ PATH: temp.path, GROUNDSKEEPER_BROWSER: other }, 'linux')).toBe(other);
  });

  it.each([
    ['there is none', { PATH: '/nowhere' }],
    ['it is not wanted', { PATH: temp.path, GROUNDSKEEPER_BROWSER: 'none' }],
    ['what is named cannot be run', { PATH: temp.path, GROUNDSKEEPER_BROWSER: '/nowhere/chrome' }],
  ])('is not there where %s', (_why, environment) => {
    expect(findBrowser(environment, 'linux')).toBeNull();
  });

  it.each([
    ['ends at once', '#!/bin/sh\nexit 1\n'],
    ['says nonsense', '#!/bin/sh\nprintf "nonsense\\0" >&4\nsleep 1\n'],
  ])('that %s is none', async (_what, text) => {
    expect(await installedBrowser(program('broken', text)).open(never)).toBeNull();
  });

  it('that is not there is none', async () => {
    expect(await installedBrowser('/nowhere/chrome').open(never)).toBeNull();
  });
});
