import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const project = path.resolve('.');

/** What the compiler has read, by path: packages' types are most of its work, and stay the same. */
const sources = new Map<string, ts.SourceFile | undefined>();

/** What the compiler objects to in a file that would lie at this path. */
function objectionsTo(at: string, code: string): string[] {
  const { config } = ts.readConfigFile(path.join(project, 'tsconfig.json'), (file) =>
    ts.sys.readFile(file),
  ) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, project);
  const file = path.join(project, at);
  const host = ts.createCompilerHost(options);
  const withFile: ts.CompilerHost = {
    ...host,
    getSourceFile(name, ...rest) {
      if (name === file) return ts.createSourceFile(name, code, ts.ScriptTarget.ES2024);
      if (!sources.has(name)) sources.set(name, host.getSourceFile(name, ...rest));
      return sources.get(name);
    },
    fileExists: (name) => name === file || host.fileExists(name),
    readFile: (name) => (name === file ? code : host.readFile(name)),
  };
  const program = ts.createProgram([file], options, withFile);
  const source = program.getSourceFile(file);
  return program
    .getSemanticDiagnostics(source)
    .map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}

const contract = fs.readFileSync('main/api/contract.ts', 'utf8');
/** The contract with one more procedure at the end of the file. */
const withProcedure = (definition: string) =>
  objectionsTo('main/api/contract.ts', `${contract}\nexport const added = ${definition};\n`);

describe('the contract of the API', () => {
  it('compiles as it is', () => {
    expect(objectionsTo('main/api/contract.ts', contract)).toEqual([]);
  });

  it('takes a procedure with both schemas', () => {
    expect(withProcedure('procedure(z.object({ id: z.string() }), z.string())')).toEqual([]);
  });

  it.each([
    ['without schemas', 'procedure()'],
    ['without its answer’s schema', 'procedure(z.string())'],
    ['with a type instead of a schema', "procedure('string', 'string')"],
    ['with a function instead of a schema', 'procedure((x: string) => x, z.string())'],
  ])('does not compile with a procedure %s', (_name, definition) => {
    expect(withProcedure(definition)).not.toEqual([]);
  });
});

describe('the checks', () => {
  const bin = (name: string) => path.join(project, 'node_modules', name);

  it('tsc reports an error', () => {
    expect(objectionsTo('main/words/seeded.ts', "export const wrong: number = 'text';\n")).toEqual([
      "Type 'string' is not assignable to type 'number'.",
    ]);
    expect(objectionsTo('main/words/seeded.ts', 'export const first: string = [][0];\n')).toHaveLength(1);
  });

  it('svelte-check reports an error', { timeout: 120_000 }, () => {
    const folder = fs.mkdtempSync(path.join(project, 'renderer', '.seeded-'));
    fs.writeFileSync(
      path.join(folder, 'Seeded.svelte'),
      '<script lang="ts">\n  const wrong: number = \'text\';\n</script>\n{wrong}\n',
    );
    fs.writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../tsconfig.json', include: ['./**/*'] }),
    );
    const run = spawnSync(
      process.execPath,
      [
        bin('svelte-check/bin/svelte-check'),
        '--tsconfig',
        path.join(folder, 'tsconfig.json'),
        '--output',
        'machine',
      ],
      { encoding: 'utf8' },
    );
    fs.rmSync(folder, { recursive: true });
    expect(run.status).toBe(1);
    expect(run.stdout).toContain("Type 'string' is not assignable to type 'number'");
  });
});
