import crypto from 'node:crypto';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { whenWeEnd } from './cleanup.ts';
import { runCommand } from './commands.ts';

/** A system account that sites belong to and that one can log in to. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Null where only root could have set one. */
  readonly password: string | null;
  remove(): void;
}

/**
 * Makes a system account with its home in the given place. Without root there are no new accounts: it is
 * then ours, which has no password that the rig knows.
 */
export async function anAccount(home: string): Promise<Account> {
  if (process.getuid?.() !== 0) {
    const me = os.userInfo();
    return {
      name: me.username,
      uid: me.uid,
      gid: me.gid,
      home: me.homedir,
      password: null,
      remove: () => {},
    };
  }
  const name = `gk-${crypto.randomBytes(4).toString('hex')}`;
  const password = crypto.randomBytes(9).toString('base64url');
  await patiently(() =>
    runCommand('useradd', ['--create-home', '--home-dir', home, '--shell', '/bin/sh', name]),
  );
  const remove = (): void => void runCommand('userdel', ['--force', name]);
  const removed = whenWeEnd(remove);
  await patiently(() =>
    runCommand('chpasswd', ['--crypt-method', 'SHA512'], { input: `${name}:${password}\n` }),
  );
  return {
    name,
    uid: Number(runCommand('id', ['-u', name])),
    gid: Number(runCommand('id', ['-g', name])),
    home,
    password,
    remove() {
      removed();
      remove();
    },
  };
}

/** The account files are locked for as long as another process changes them. */
async function patiently(attempt: () => void): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      attempt();
      return;
    } catch (error) {
      if (tries === 10 || !String(error).includes('lock')) throw error;
      await pause(200);
    }
  }
}
