import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, installDebianPackages, missingServers } from './debian.mjs';
import { PROJECT, runNode } from './run.mjs';
import { readPlaywright, readVitest } from './reports.mjs';

/**
 * Every check in its order. `needs` names the set-up that it depends on; those `beside` take what processor time the others leave while they
 * wait, one after the other.
 */
const CHECKS = [
  { name: 'types', script: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'] },
  {
    name: 'svelte',
    script: [
      'node_modules/svelte-check/bin/svelte-check',
      '--tsconfig',
      'renderer/tsconfig.json',
      '--fail-on-warnings',
    ],
    when: 'renderer/tsconfig.json',
    beside: true,
  },
  { name: 'lint', script: ['node_modules/eslint/bin/eslint.js', '.'], beside: true },
  { name: 'format', script: ['node_modules/prettier/bin/prettier.cjs', '--check', '.'], beside: true },
  { name: 'unit', vitest: 'unit', workers: 3 },
  // More than half of it is waiting for servers.
  { name: 'integration', vitest: 'integration', needs: 'servers', workers: 5 },
  {
    name: 'build',
    script: ['node_modules/electron-vite/bin/electron-vite.js', 'build'],
    when: 'electron.vite.config.ts',
  },
  { name: 'e2e', playwright: true, needs: 'browser', when: 'playwright.config.ts' },
];

/** How little right to the processors those beside have (as `nice` counts). */
const LAST = 15;

/**
 * Runs the checks in their order; a failing one does not stop the rest.
 * The last line printed is `N passed, N failed`.
 * @returns 0 when everything passed, else 1.
 */
export async function runChecks(node, args) {
  const { values, positionals: files } = parseArgs({
    args,
    allowPositionals: true,
    options: { only: { type: 'string', multiple: true }, bail: { type: 'boolean' } },
  });
  const only = values.only?.flatMap((names) => names.split(',')) ?? [];
  const unknown = only.filter((name) => !CHECKS.some((check) => check.name === name));
  if (unknown.length > 0)
    throw new Error(
      `No such check: ${unknown.join(', ')}. There are: ${CHECKS.map((c) => c.name).join(', ')}.`,
    );
  const chosen = CHECKS.filter(
    (check) =>
      (only.length === 0 || only.includes(check.name)) &&
      (!check.when || fs.existsSync(path.join(PROJECT, check.when))),
  );

  const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'groundskeeper-checks-'));
  const results = [];
  try {
    if (chosen.some((check) => check.needs)) results.push(...(await prepare(node, chosen)));
    const timed = async (check, output) => {
      const started = Date.now();
      const result = { name: check.name, ...(await runOne(node, check, files, temp, output)) };
      results.push({ ...result, seconds: Math.round((Date.now() - started) / 1000) });
    };
    const stopped = () =>
      process.exitCode === 130 || (values.bail && results.some((result) => result.failed > 0));
    let beside = Promise.resolve();
    for (const check of chosen) {
      if (stopped()) break;
      if (check.beside) {
        beside = beside.then(async () => {
          if (stopped()) return;
          const output = [];
          await timed(check, output);
          console.log(`\n━━ ${check.name}, beside the rest ━━\n${Buffer.concat(output).toString()}`);
        });
        continue;
      }
      console.log(`\n━━ ${check.name} ━━`);
      await timed(check);
    }
    await beside;
  } finally {
    fs.rmSync(temp, { recursive: true, force: true });
  }
  return summarise(results);
}

async function prepare(node, chosen) {
  await installDebianPackages();
  const problems = [];
  if (chosen.some((check) => check.needs === 'servers')) {
    problems.push(...missingServers().map((what) => `missing server: ${what}`));
    const code = await runNode(node, ['test/rig/prepare.ts']);
    if (code !== 0) problems.push('WordPress trees could not be prepared (see above)');
  }
  if (chosen.some((check) => check.needs === 'browser') && chromium() === undefined)
    problems.push('missing browser: chromium');
  if (problems.length === 0) return [];
  return [{ name: 'set-up', passed: 0, failed: problems.length, notes: problems, seconds: 0 }];
}

/** @param output is given what the check says, if its output is not to be ours */
async function runOne(node, check, files, temp, output) {
  if (check.vitest !== undefined) {
    const report = path.join(temp, `${check.vitest}.json`);
    const code = await runNode(node, [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      check.vitest,
      '--passWithNoTests',
      ...(check.workers === undefined ? [] : [`--maxWorkers=${check.workers}`]),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...files,
    ]);
    return orExit(readVitest(report), code);
  }
  if (check.playwright) {
    const report = path.join(temp, 'e2e.json');
    const code = await runNode(
      node,
      ['node_modules/@playwright/test/cli.js', 'test', '--reporter=list,json', ...files],
      {
        PLAYWRIGHT_JSON_OUTPUT_FILE: report,
        PLAYWRIGHT_JSON_OUTPUT_NAME: report,
        PLAYWRIGHT_CHROMIUM: chromium() ?? '',
      },
    );
    return orExit(readPlaywright(report), code);
  }
  const code = await runNode(node, check.script, {}, output, check.beside ? LAST : 0);
  return code === 0
    ? { passed: 1, failed: 0, notes: [] }
    : { passed: 0, failed: 1, notes: [`ended with ${code}`] };
}

/** A runner that ends badly has failed, whatever its report says. */
function orExit(result, code) {
  if (code === 0 || result.failed > 0) return result;
  return { ...result, failed: 1, notes: [...result.notes, `the runner ended with ${code}`] };
}

function summarise(results) {
  const passed = sum(results.map((result) => result.passed));
  const failed = sum(results.map((result) => result.failed));
  console.log('\n━━ summary ━━');
  for (const result of results) {
    const counts = `${String(result.passed).padStart(5)} passed ${String(result.failed).padStart(4)} failed`;
    console.log(`${result.name.padEnd(12)} ${counts}  ${result.seconds} s`);
    for (const note of result.notes) console.log(`  ${note}`);
  }
  const ended = process.exitCode === 130 ? 130 : failed > 0 || passed === 0 ? 1 : 0;
  console.log(`${passed} passed, ${failed} failed`);
  return ended;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
