/** Before all integration tests: the command line is bundled as it ships, for the hundreds of times that they start it. */
import fs from 'node:fs';
import path from 'node:path';
import { bundle } from '../rig/bundle.ts';

/** Inside the project: there it finds the packages that are left outside, and the project's own resources. */
const ABOVE = path.resolve(import.meta.dirname, '..', '..', '.cache', 'bundled');
const OUTSIDE = ['ssh2', 'vite', 'electron', '@aws-sdk/client-s3'];

export default async function setUp(): Promise<() => void> {
  fs.mkdirSync(ABOVE, { recursive: true });
  const folder = fs.mkdtempSync(path.join(ABOVE, 'run-'));
  await bundle({ cli: 'main/cli.ts' }, folder, OUTSIDE);
  process.env['GROUNDSKEEPER_BUNDLED'] = path.join(folder, 'cli.js');
  return () => fs.rmSync(folder, { recursive: true, force: true });
}
