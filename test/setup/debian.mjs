import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';

const PACKAGES = [
  'openssh-server',
  'openssh-client',
  'rsync',
  'sqlite3',
  'unzip',
  'zip',
  'busybox',
  'openssl',
  'python3',
  'zstd',
  'libarchive-tools',
  'chromium',
  'php-cli',
  'php-mysql',
  'php-sqlite3',
  'php-xml',
  'php-curl',
  'php-zip',
  'php-mbstring',
  'mariadb-server',
  'mariadb-client',
  'postgresql',
  'wordpress',
  'gcc',
  'libc6-dev',
];

/** What is better than one of those, where the system offers it: Chromium for tests takes half the processor time. */
const BETTER = ['chromium-headless-shell'];

/** What the real servers in the tests need, each with the Debian package that has it. */
const NEEDED = {
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  php: 'php-cli',
  mariadbd: 'mariadb-server',
  mysql_install_db: 'mariadb-server',
  'mariadb-dump': 'mariadb-client',
  rsync: 'rsync',
  sqlite3: 'sqlite3',
  unzip: 'unzip',
  zip: 'zip',
  busybox: 'busybox',
  openssl: 'openssl',
  python3: 'python3',
  zstd: 'zstd',
  bsdtar: 'libarchive-tools',
  pg_dump: 'postgresql',
  cc: 'gcc',
};
const NEEDED_IN_PHP = ['mysqli', 'pdo_sqlite', 'dom', 'curl', 'zip', 'mbstring'];

/** Installs what is missing of the Debian packages that the tests' real servers come from. */
export async function installDebianPackages() {
  if (!isDebian()) {
    console.log('Not Debian or Ubuntu: the servers for the integration tests must be there already.');
    return;
  }
  const missing = PACKAGES.filter((name) => !isInstalled(name));
  const better = () => BETTER.filter((name) => !isInstalled(name) && isOffered(name));
  if (missing.length === 0 && better().length === 0) return;
  const root = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => {
    const [command, ...rest] = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', ...args];
    return run(command, rest);
  };
  const install = async (packages) => {
    if (packages.length === 0) return;
    console.log(`Installing Debian packages: ${packages.join(' ')}`);
    const code = await apt('install', '--yes', '--no-install-recommends', ...packages);
    if (code !== 0)
      console.error(`apt-get ended with ${code}${root.length > 0 ? ' (run as root, or allow sudo -n)' : ''}`);
  };
  const allowed = keepServicesFromStarting(root.length === 0);
  try {
    await apt('update');
    await install(missing);
    await install(better());
  } finally {
    allowed();
  }
}

/** The servers and tools that are still missing, in words; empty when the integration tests can run. */
export function missingServers() {
  const missing = Object.entries(NEEDED)
    .filter(([command]) => !onPath(command))
    .map(([command, name]) => `${command} (Debian package ${name})`);
  if (onPath('php')) {
    const modules = spawnSync('php', ['-m'], { encoding: 'utf8' }).stdout.toLowerCase().split('\n');
    for (const name of NEEDED_IN_PHP) if (!modules.includes(name)) missing.push(`PHP's ${name}`);
  }
  if (!fs.existsSync('/usr/lib/postgresql')) missing.push('PostgreSQL’s server (Debian package postgresql)');
  if (!fs.existsSync('/usr/share/wordpress/wp-includes/version.php'))
    missing.push('WordPress 6.1 (Debian package wordpress)');
  return missing;
}

/** The Chromium for the end-to-end tests, or undefined. */
export function chromium() {
  const names = [...BETTER, 'chromium', 'chromium-browser', 'google-chrome'];
  return names.map(onPath).find((found) => found !== undefined);
}

/** Where a command lies: on the PATH or among the system's own (/usr/sbin is not on everybody's PATH). */
function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => path.join(folder, command)).find((file) => fs.existsSync(file));
}

function isDebian() {
  const release = fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '';
  return onPath('apt-get') !== undefined && /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(release);
}

function isInstalled(name) {
  const answer = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { encoding: 'utf8' });
  return answer.stdout === 'installed';
}

/** Whether apt-get could install it. Ubuntu has no such package of Chromium's headless shell. */
function isOffered(name) {
  const answer = spawnSync('apt-cache', ['policy', name], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return /^ {2}Candidate: \d/m.test(answer.stdout ?? '');
}

/** Debian starts a server as soon as it is installed; the tests start their own on free ports. */
function keepServicesFromStarting(root) {
  const policy = '/usr/sbin/policy-rc.d';
  if (!root || fs.existsSync(policy)) return () => {};
  fs.writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => fs.rmSync(policy, { force: true });
}
