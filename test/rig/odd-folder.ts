import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { SshHost } from './sshd.ts';

/** Names in any encoding, as latin1. */
export const ODD_NAMES = [
  ...[
    'new\nline',
    '\n',
    'ends in newline\n',
    'quo\'te"s',
    'back\\slash',
    'back\\nslash',
    'caf\xe9',
    '\xff\xfe',
  ],
  ...[' leading', 'trailing ', '-rf', '--help', '*', '[a]', '$(touch x)', '`touch y`', '\xf0\x9f\x98\x80'],
  ...[
    '.hidden',
    'a\tb',
    'x'.repeat(255),
    '\xe6\x97\xa5'.repeat(85),
    'a\rb',
    '%s',
    'x -> y',
    '{}',
    ';',
    '\x01\x7f',
  ],
];

/** A folder of a host with all that is hard to list, pack and hash. */
export function anOddFolder(host: SshHost): string {
  const folder = fs.mkdtempSync(path.join(host.folder, 'odd-'));
  const named = (name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
  for (const name of ODD_NAMES) fs.writeFileSync(named(name), `content of ${name}`);
  for (const name of ['folder\nname', 'd\xe9p\xf4t', 'empty']) fs.mkdirSync(named(name));
  fs.writeFileSync(named('folder\nname/in\nside'), 'deep');
  fs.writeFileSync(named('d\xe9p\xf4t/in side'), 'deep');
  fs.mkdirSync(path.join(folder, 'empty/deeper'));
  const deep = path.join(folder, ...Array.from({ length: 12 }, (_none, at) => `${at}`.repeat(40)));
  fs.mkdirSync(deep, { recursive: true });
  fs.writeFileSync(path.join(deep, 'bottom'), 'a path of 500 bytes');
  for (const [name, target] of [
    ['dangling', '../nowhere'],
    ['absolute', '/etc/hostname'],
    ['loop', 'loop'],
    ['to-folder', 'empty'],
    ['odd-target', "new\nline -> 'x'\n"],
    ['long-target', 'y/'.repeat(150)],
  ] as const)
    fs.symlinkSync(target, path.join(folder, name));
  fs.writeFileSync(path.join(folder, 'private'), 'secret', { mode: 0o600 });
  fs.writeFileSync(path.join(folder, 'runs'), '#!/bin/sh\n', { mode: 0o755 });
  fs.writeFileSync(path.join(folder, 'large'), crypto.randomBytes(3_000_000));
  fs.writeFileSync(path.join(folder, 'nothing'), '');
  fs.chmodSync(path.join(folder, 'empty'), 0o700);
  fs.utimesSync(path.join(folder, 'private'), 1_000_000_000, 1_000_000_000);
  execFileSync('chown', ['-hR', `${host.account.uid}:${host.account.gid}`, folder]);
  return folder;
}
