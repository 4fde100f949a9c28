import fs from 'node:fs';
import path from 'node:path';
import { RuleTester, type Rule } from 'eslint';
import ts from 'typescript-eslint';
import { afterAll, describe, expect, it } from 'vitest';

interface Rooms {
  readonly default: { readonly rules: { readonly order: Rule.RuleModule } };
  readonly ROOMS: readonly string[];
  readonly roomOf: (file: string) => string | null;
}
// Plain JavaScript without types of its own, because ESLint reads it.
const {
  default: rooms,
  ROOMS,
  roomOf,
} = (await import(new URL('../../eslint.rooms.js', import.meta.url).href)) as Rooms;

const main = path.resolve('main');
RuleTester.describe = describe;
RuleTester.it = it;
RuleTester.itOnly = it.only;
Object.assign(RuleTester, { afterAll });
const tester = new RuleTester({ languageOptions: { parser: ts.parser } });
const at = (file: string, code: string) => ({ filename: path.join(main, file), code });

tester.run('rooms/order', rooms.rules.order, {
  valid: [
    at('updates/plan.ts', "import { sh } from '../connections/index.ts';"),
    at('updates/plan.ts', "import { other } from './other.ts';"),
    at(
      'connections/ssh/connect.ts',
      "import { run } from '../connection.ts'; import type { Problem } from '../../words/index.ts';",
    ),
    at('updates/plan.ts', "import { z } from 'zod'; import fs from 'node:fs';"),
    at('app.ts', "import { openApi } from './api/index.ts'; import { openSites } from './sites/index.ts';"),
    at('shells/web/serve.ts', "import { router } from '../../api/index.ts';"),
    {
      filename: path.resolve('test/main/updates/plan.test.ts'),
      code: "import { plan } from '../../../main/updates/plan.ts';",
    },
  ],
  invalid: [
    {
      ...at('connections/pool.ts', "import { plan } from '../updates/index.ts';"),
      errors: [{ messageId: 'upward' }],
    },
    {
      ...at('words/problem.ts', "export { sites } from '../sites/index.ts';"),
      errors: [{ messageId: 'upward' }],
    },
    { ...at('words/problem.ts', "export * from '../sites/index.ts';"), errors: [{ messageId: 'upward' }] },
    {
      ...at('words/problem.ts', "const late = import('../sites/index.ts');"),
      errors: [{ messageId: 'upward' }],
    },
    {
      ...at('words/problem.ts', "import type { Site } from '../sites/index.ts';"),
      errors: [{ messageId: 'upward' }],
    },
    {
      ...at('updates/plan.ts', "import { quote } from '../connections/script.ts';"),
      errors: [{ messageId: 'door' }],
    },
    { ...at('app.ts', "import { quote } from './connections/script.ts';"), errors: [{ messageId: 'door' }] },
    { ...at('updates/plan.ts', "import { open } from '../app.ts';"), errors: [{ messageId: 'unknown' }] },
    {
      ...at('updates/plan.ts', "import { x } from '../helpers/index.ts';"),
      errors: [{ messageId: 'unknown' }],
    },
    {
      ...at('backups/take.ts', "import { x } from '../updates/run.ts';"),
      errors: [{ messageId: 'upward' }, { messageId: 'door' }],
    },
  ],
});

/** Every source file of main/. */
const files = fs
  .readdirSync(main, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => path.join(main, name));

/** The files that a file imports, types and all. */
function importsOf(file: string): string[] {
  const specifiers = fs
    .readFileSync(file, 'utf8')
    .matchAll(/\b(?:from|import)(?:\s+|\s*\(\s*)'(\.\.?\/[^']+\.ts)'/g);
  return Array.from(specifiers, ([, specifier = '']) => path.resolve(path.dirname(file), specifier));
}

/** The first circle of imports that there is, as a list of files; null where there is none. */
function circleAmong(all: readonly string[], imports: (file: string) => readonly string[]): string[] | null {
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return null;
    for (const next of imports(file)) {
      const circle = visit(next, [...trail, file]);
      if (circle !== null) return circle;
    }
    finished.add(file);
    return null;
  };
  for (const file of all) {
    const circle = visit(file, []);
    if (circle !== null) return circle;
  }
  return null;
}

describe('the house', () => {
  it('has no circle of imports', () => {
    expect(circleAmong(files, importsOf)).toBeNull();
  });

  it('would have one found', () => {
    const circle: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['b'] };
    expect(circleAmong(['a', 'b', 'c'], (file) => circle[file] ?? [])).toEqual(['b', 'c', 'b']);
  });

  it('has only rooms that are named, and doors', () => {
    const strangers = files.filter((file) => roomOf(file) === null && path.dirname(file) !== main);
    expect(strangers).toEqual([]);
  });

  it('has an index.ts at each room’s door', () => {
    const rooms = ROOMS.filter((room) => fs.existsSync(path.join(main, room)));
    expect(
      rooms.filter((room) => room !== 'schedule' && !fs.existsSync(path.join(main, room, 'index.ts'))),
    ).toEqual([]);
  });

  it('knows Electron in one place only', () => {
    const knowing = files.filter((file) =>
      /(?:from|import|require)\s*\(?\s*'electron'/.test(fs.readFileSync(file, 'utf8')),
    );
    expect(
      knowing
        .map((file) => path.relative(main, file))
        .filter((file) => file !== 'desktop.ts' && !file.startsWith('shells/desktop/')),
    ).toEqual([]);
  });
});
