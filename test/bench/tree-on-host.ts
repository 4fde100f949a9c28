import path from 'node:path';
import { runCommand } from '../rig/commands.ts';
import type { SshHost } from '../rig/index.ts';

/** Files of the tree, beside its dump. */
export const FILES = 20_000;

/** Makes the tree that is backed up on a host: so many files and a dump. @returns its folder */
export function plantTree(host: SshHost, files = FILES): string {
  const root = path.join(host.folder, 'site');
  // In a process of its own, so that its memory is not counted as ours.
  runCommand(process.execPath, [path.join(import.meta.dirname, 'tree.ts'), root, String(files)]);
  runCommand('chown', ['-R', `${host.account.uid}:${host.account.gid}`, root]);
  return root;
}
