import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadRecipe, loadRecipes, openPlatforms } from '../../../main/platforms/index.ts';
import { aTempFolder } from '../../rig/index.ts';

const temp = aTempFolder('recipes');
afterAll(() => temp.remove());
const ours = path.resolve('resources/platforms');

const GOOD = `platform: house-cms
name: House CMS
updates: false
versions: none
sources: []
recognise:
  marker: cms/boot.php
  files: [cms/version.txt]
interpreter: php
backup:
  leaveOut:
    - cache
probe:
  paths: ['/']
  faults: []
steps:
  offline:
    title: Close the shop
    sh: offline.sh
    timeLimit: 30
`;

/** A folder with a recipe in it, and the script that it names. */
function recipe(text: string, name = 'house-cms'): string {
  const folder = path.join(fs.mkdtempSync(path.join(temp.path, 'p-')), name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'platform.yaml'), text);
  fs.writeFileSync(path.join(folder, 'offline.sh'), 'touch "$root/closed"\n');
  return folder;
}

/** What is said to be wrong with a recipe, line by line. */
function mistakesIn(text: string): string[] {
  try {
    loadRecipe(recipe(text));
    return [];
  } catch (error) {
    expect(error).toMatchObject({
      code: 'recipe-invalid',
      attempted: expect.stringContaining('platform.yaml') as string,
      todo: expect.stringContaining('docs/platforms.md') as string,
    });
    return error instanceof Error && 'answered' in error ? String(error.answered).split('\n') : [];
  }
}

describe('a recipe', () => {
  it('that is right is read with its scripts', () => {
    const read = loadRecipe(recipe(GOOD));
    expect(read).toMatchObject({
      platform: 'house-cms',
      steps: { offline: { title: 'Close the shop', timeLimit: 30 } },
    });
    expect(read.script('offline.sh')).toBe('touch "$root/closed"\n');
  });

  it.each([
    [
      'an unknown key',
      GOOD.replace('updates: false', 'updates: false\ncolour: green'),
      /^line \d+: .*colour/,
    ],
    ['a value of another kind', GOOD.replace('updates: false', 'updates: perhaps'), /^line 3: updates: /],
    ['an unknown step', GOOD.replace('  offline:', '  explode:'), /^line \d+: steps/],
    [
      'a step without a script',
      GOOD.replace('    sh: offline.sh\n', ''),
      /^line 1[78]: steps\.offline: either sh or php/,
    ],
    [
      'a step with two scripts',
      GOOD.replace('    sh: offline.sh\n', '    sh: offline.sh\n    php: offline.sh\n'),
      /^line 1[78]: steps\.offline: either sh or php/,
    ],
    [
      'a step without an end',
      GOOD.replace('timeLimit: 30', 'timeLimit: 0'),
      /^line 20: steps\.offline\.timeLimit: /,
    ],
    [
      'a script elsewhere',
      GOOD.replace('offline.sh', '../../etc/passwd'),
      /^line 19: steps\.offline\.sh: a file beside the recipe/,
    ],
    [
      'a path that climbs',
      GOOD.replace('    - cache', '    - ../cache'),
      /^line 12: backup\.leaveOut\.0: a path relative to the root/,
    ],
    [
      'an absolute path',
      GOOD.replace('cms/boot.php', '/etc/passwd'),
      /^line 7: recognise\.marker: a path relative to the root/,
    ],
    ['no page to look at', GOOD.replace("paths: ['/']", 'paths: []'), /^line 14: probe\.paths: /],
    [
      'a name that is no name',
      GOOD.replace('platform: house-cms', 'platform: House CMS'),
      /^line 1: platform: /,
    ],
    ['a key that is missing', GOOD.replace('interpreter: php\n', ''), /^line 1: interpreter: /],
    ['no YAML', 'platform: [', /line 1/],
    ['nothing', '', /^line 1: the recipe: /],
  ])('with %s is refused by its line', (_name, text, mistake) => {
    expect(mistakesIn(text)).toContainEqual(expect.stringMatching(mistake));
  });

  it('with several mistakes names them all', () => {
    expect(
      mistakesIn(
        GOOD.replace('updates: false', 'updates: perhaps').replace('timeLimit: 30', 'timeLimit: soon'),
      ),
    ).toHaveLength(2);
  });

  it('whose script is missing is refused by the script’s name', () => {
    expect(mistakesIn(GOOD.replace('offline.sh', 'nothing.sh'))).toEqual([
      expect.stringContaining('nothing.sh'),
    ]);
  });
});

describe('all recipes', () => {
  it('of ours are right', () => {
    expect([...loadRecipes([ours]).keys()].sort()).toEqual(['files', 'wordpress']);
  });

  it('of the user stand in for ours', () => {
    const folder = path.dirname(
      recipe(GOOD.replace('platform: house-cms', 'platform: files').replace('House CMS', 'Our own files')),
    );
    expect(openPlatforms([ours, folder]).get('files').recipe.name).toBe('Our own files');
  });

  it('from a folder that is not there are none', () => {
    expect(loadRecipes(['/nowhere']).size).toBe(0);
  });

  it('are named when one is asked for that there is not', () => {
    expect(() => openPlatforms([ours]).get('joomla')).toThrow(
      expect.objectContaining({
        code: 'no-such-platform',
        todo: expect.stringContaining('wordpress') as string,
      }),
    );
  });
});
