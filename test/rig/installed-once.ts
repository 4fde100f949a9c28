/** Installing a WordPress takes PHP seconds: a site on SQLite that was installed before, by whatever test, is a copy of its database. */
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { installWordPress, type RunPhp, type WordPressPlan } from './wordpress-install.ts';

const KEPT = path.resolve(import.meta.dirname, '..', '..', '.cache', 'installed');
const FOLDER = path.join('wp-content', 'database');
/** Addresses of one length can be put in each other's place, whatever counts bytes around them. */
const ADDRESS = /^http:\/\/127\.0\.0\.1:\d{5}$/;

/** As {@link installWordPress}, or from what was kept of the same plan at another port. @returns the password of its user `owner` */
export async function installedOnce(plan: WordPressPlan, settings: string, php: RunPhp): Promise<string> {
  if (plan.database !== 'sqlite' || !ADDRESS.test(plan.url)) return installWordPress(plan, settings, php);
  const kept = path.join(KEPT, keyOf(plan));
  const folder = path.join(plan.root, FOLDER);
  if (!fs.existsSync(kept)) {
    const password = await installWordPress(plan, settings, php);
    const part = `${kept}.${process.pid}.${crypto.randomBytes(4).toString('hex')}`;
    fs.cpSync(folder, part, { recursive: true });
    fs.writeFileSync(path.join(part, 'about.json'), JSON.stringify({ url: plan.url, password }));
    // Whoever was quicker has the same.
    if (fs.existsSync(kept)) fs.rmSync(part, { recursive: true });
    else fs.renameSync(part, kept);
    return password;
  }
  const about = JSON.parse(fs.readFileSync(path.join(kept, 'about.json'), 'utf8')) as {
    url: string;
    password: string;
  };
  const { uid, gid } = fs.statSync(plan.root);
  fs.mkdirSync(folder, { recursive: true });
  for (const name of fs.readdirSync(kept)) {
    if (name === 'about.json') continue;
    const text = fs.readFileSync(path.join(kept, name), 'latin1');
    const file = path.join(folder, name);
    fs.writeFileSync(file, text.replaceAll(about.url.slice(7), plan.url.slice(7)), 'latin1');
    fs.chmodSync(file, fs.statSync(path.join(kept, name)).mode);
  }
  if (process.getuid?.() === 0)
    for (const at of [folder, ...fs.readdirSync(folder).map((name) => path.join(folder, name))])
      fs.chownSync(at, uid, gid);
  return about.password;
}

/** The same for plans whose installed databases are the same but for their addresses. */
function keyOf({ root, url: _url, tree, plugins = [], themes = [], ...rest }: WordPressPlan): string {
  const hash = crypto.createHash('sha256');
  hash.update(JSON.stringify({ ...rest, tree: tree?.version }));
  for (const component of [...plugins, ...themes]) {
    hash.update(component.entry);
    for (const [name, content] of component.files) hash.update(name).update(content);
  }
  for (const script of ['install.php', 'furnish.php'])
    hash.update(fs.readFileSync(path.join(import.meta.dirname, 'php', script)));
  hash.update(fs.readFileSync(path.join(root, 'wp-includes', 'version.php')));
  return hash.digest('hex').slice(0, 32);
}
