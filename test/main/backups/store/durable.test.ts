import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderIn } from '../../../../main/backups/store/durable.ts';
import { aTempFolder, type TempFolder } from '../../../rig/index.ts';

let temp: TempFolder;
const at = (...below: string[]) => path.join(temp.path, ...below);
const unwritable = expect.objectContaining({ code: 'store-unwritable' }) as Error;

beforeEach(() => {
  temp = aTempFolder('durable');
});
afterEach(() => {
  temp.remove();
});

describe('a folder of the store', () => {
  it('is made with those above it, for nobody else, and may be there', () => {
    makeFolder(at('a', 'b', 'c'));
    makeFolder(at('a', 'b', 'c'));
    expect(fs.statSync(at('a', 'b', 'c')).mode & 0o777).toBe(0o700);
  });

  it('is not made where a file is in its place', () => {
    fs.writeFileSync(at('file'), '');
    expect(() => makeFolder(at('file'))).toThrow(unwritable);
    expect(() => makeFolder(at('file', 'below'))).toThrow(unwritable);
  });

  it('within another is not made where that has gone: its disk may have', () => {
    makeFolderIn(temp.path, 'packs');
    makeFolderIn(at('packs'), '0a');
    makeFolderIn(at('packs'), '0a');
    expect(fs.readdirSync(at('packs'))).toEqual(['0a']);
    expect(() => makeFolderIn(at('gone', 'packs'), '0a')).toThrow(unwritable);
    expect(fs.readdirSync(temp.path)).toEqual(['packs']);
  });
});
