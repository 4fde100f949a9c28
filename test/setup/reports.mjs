import fs from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/**
 * Reads vitest's JSON report. Failures and skipped tests come back by name.
 * @returns `{passed, failed, notes}`; a missing report is a failure.
 */
export function readVitest(file) {
  const report = readJson(file);
  if (report === undefined) return { passed: 0, failed: 1, notes: ['no report: the test runner died'] };
  const tests = report.testResults.flatMap((suite) => suite.assertionResults);
  // A file that cannot be loaded has no tests, but has failed.
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((t) => t.status !== 'failed'),
  );
  const failed = tests.filter((test) => test.status === 'failed');
  const skipped = tests.filter((test) => test.status !== 'failed' && test.status !== 'passed');
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: failed.length + broken.length,
    notes: [
      ...failed.map((test) => failure(test.fullName, test.failureMessages?.[0])),
      ...broken.map(
        (suite) => `FAILED  ${suite.name}: ${String(suite.message ?? 'did not load').split('\n')[0]}`,
      ),
      ...skipped.map((test) => `SKIPPED ${test.fullName}`),
    ],
  };
}

/** Reads Playwright's JSON report; the same shape as `readVitest`. A flaky test counts as failed. */
export function readPlaywright(file) {
  const report = readJson(file);
  if (report === undefined) return { passed: 0, failed: 1, notes: ['no report: the test runner died'] };
  const tests = report.suites.flatMap((suite) => testsOf(suite, []));
  const failed = tests.filter((test) => test.status === 'unexpected' || test.status === 'flaky');
  return {
    passed: tests.filter((test) => test.status === 'expected').length,
    failed: failed.length + (failed.length === 0 ? (report.errors?.length ?? 0) : 0),
    notes: [
      ...failed.map((test) =>
        failure(`${test.name}${test.status === 'flaky' ? ' (flaky)' : ''}`, test.message),
      ),
      ...tests.filter((test) => test.status === 'skipped').map((test) => `SKIPPED ${test.name}`),
    ],
  };
}

/** A failure by name, and the beginning of why: who only sees the end of the output still learns it. */
function failure(name, message = '') {
  const plain = stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.includes('node_modules'))
    .slice(0, 12);
  return [`FAILED  ${name}`, ...plain.map((line) => `    ${line.slice(0, 160)}`)].join('\n  ');
}

function testsOf(suite, above) {
  const path = [...above, suite.title];
  const own = (suite.specs ?? []).flatMap((spec) =>
    spec.tests.map((test) => ({
      name: [...path, spec.title].join(' › '),
      status: test.status,
      message: test.results?.flatMap((result) => result.errors ?? []).at(0)?.message,
    })),
  );
  return [...own, ...(suite.suites ?? []).flatMap((inner) => testsOf(inner, path))];
}

function readJson(file) {
  if (!fs.existsSync(file)) return undefined;
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}
