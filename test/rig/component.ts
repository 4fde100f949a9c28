import fs from 'node:fs';
import path from 'node:path';
import type { Account } from './accounts.ts';
import { runCommand } from './commands.ts';
import { zipOf, type Files } from './zip.ts';

/** A plugin or a theme in one version: what its author would release. */
export interface Component {
  readonly kind: 'plugin' | 'theme';
  /** Its folder, and its name at wordpress.org. */
  readonly slug: string;
  /** How WordPress names it: `slug/main.php` for a plugin, the slug for a theme. */
  readonly entry: string;
  readonly name: string;
  readonly version: string;
  /** Relative to its own folder. */
  readonly files: Files;
  /** The WordPress version it needs; empty when it does not say. */
  readonly requires: string;
  readonly requiresPhp: string;
  readonly tested: string;
  /** What its author says about this version. */
  readonly changes: string;
  /** File names that are not UTF-8, as bytes. They exist on disk only, not in the zip. */
  readonly oddFiles?: readonly Buffer[];
}

/** An older version, installed on a site, and the newer one that waits. */
export interface Release {
  readonly old: Component;
  readonly new: Component;
}

/** What a plugin is made from. */
export interface PluginDescription {
  readonly slug: string;
  readonly name: string;
  readonly version: string;
  /** PHP that runs when the plugin is loaded, without the opening tag. */
  readonly code?: string;
  /** Further files, relative to the plugin's folder. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  /** The file with the header; the slug with `.php` unless said otherwise. */
  readonly mainFile?: string;
  /** Header lines beside name and version, such as `Update URI`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly requires?: string;
  readonly requiresPhp?: string;
  readonly tested?: string;
  readonly changes?: string;
  readonly oddFiles?: readonly Buffer[];
}

/** Makes a plugin from a few words. */
export function aPlugin(description: PluginDescription): Component {
  const { slug, name, version, code = '', mainFile = `${slug}.php` } = description;
  const requires = description.requires ?? '5.8';
  const requiresPhp = description.requiresPhp ?? '7.2';
  const tested = description.tested ?? '6.5.5';
  const changes = description.changes ?? 'Small improvements.';
  const headers = {
    'Plugin Name': name,
    Description: `${name} for small businesses.`,
    Version: version,
    Author: 'The rig',
    'Requires at least': requires,
    'Requires PHP': requiresPhp,
    'Text Domain': slug,
    ...description.headers,
  };
  const files = new Map<string, string | Buffer>([
    [mainFile, `<?php\n${headerComment(headers)}\nif (!defined('ABSPATH')) { exit; }\n${code}\n`],
    ['readme.txt', readme(name, version, changes)],
    ...Object.entries(description.files ?? {}),
  ]);
  const entry = `${slug}/${mainFile}`;
  const { oddFiles } = description;
  return {
    kind: 'plugin',
    slug,
    entry,
    name,
    version,
    files,
    requires,
    requiresPhp,
    tested,
    changes,
    oddFiles,
  };
}

/** What a theme is made from. */
export interface ThemeDescription {
  readonly slug: string;
  readonly name: string;
  readonly version: string;
  /** The slug of the parent theme. */
  readonly parent?: string;
  /** PHP of functions.php, without the opening tag. */
  readonly code?: string;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly changes?: string;
}

/** Makes a small classic theme, or a child of one. */
export function aTheme(description: ThemeDescription): Component {
  const { slug, name, version, parent, code = '' } = description;
  const requires = '5.8';
  const requiresPhp = '7.2';
  const headers = {
    'Theme Name': name,
    Version: version,
    Description: 'A quiet theme.',
    Author: 'The rig',
    'Requires at least': requires,
    'Requires PHP': requiresPhp,
    ...(parent === undefined ? {} : { Template: parent }),
  };
  const files = new Map<string, string | Buffer>([
    [
      'style.css',
      `${headerComment(headers)}\nbody { max-width: 44rem; margin: auto; font-family: Georgia, serif; }\n`,
    ],
    ['functions.php', `<?php\nadd_theme_support('title-tag');\n${code}\n`],
    ...(parent === undefined ? [['index.php', THEME_PAGE] as const] : []),
    ...Object.entries(description.files ?? {}),
  ]);
  const changes = description.changes ?? 'Small improvements.';
  return {
    kind: 'theme',
    slug,
    entry: slug,
    name,
    version,
    files,
    requires,
    requiresPhp,
    tested: '6.5.5',
    changes,
  };
}

/** The component's package as its author would upload it: a zip with one folder, the slug. */
export async function packageOf(component: Component): Promise<Buffer> {
  return zipOf(
    new Map([...component.files].map(([name, content]) => [`${component.slug}/${name}`, content])),
  );
}

/** Puts a component on a site in place of whatever version is there. */
export function placeComponent(root: string, component: Component, owner?: Account): void {
  const folder = path.join(
    root,
    'wp-content',
    component.kind === 'plugin' ? 'plugins' : 'themes',
    component.slug,
  );
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [name, content] of component.files) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  }
  for (const name of component.oddFiles ?? []) {
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), 'odd');
  }
  if (owner) giveTo(owner, folder);
}

/** Gives a folder with all that is in it to an account; only root can. */
export function giveTo(owner: Account, folder: string): void {
  if (process.getuid?.() === 0) runCommand('chown', ['-R', `${owner.uid}:${owner.gid}`, folder]);
}

function headerComment(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => ` * ${name}: ${value}`);
  return ['/**', ...lines, ' */'].join('\n');
}

function readme(name: string, version: string, changes: string): string {
  return `=== ${name} ===\nStable tag: ${version}\n\n== Changelog ==\n\n= ${version} =\n* ${changes}\n`;
}

const THEME_PAGE = `<!doctype html>
<html <?php language_attributes(); ?>>
<head><meta charset="<?php bloginfo('charset'); ?>"><?php wp_head(); ?></head>
<body <?php body_class(); ?>>
<header><h1><a href="<?php echo esc_url(home_url('/')); ?>"><?php bloginfo('name'); ?></a></h1>
<p><?php bloginfo('description'); ?></p></header>
<main>
<?php while (have_posts()) : the_post(); ?>
<article><h2><a href="<?php the_permalink(); ?>"><?php the_title(); ?></a></h2><?php the_content(); ?></article>
<?php endwhile; ?>
</main>
<footer><?php wp_footer(); ?></footer>
</body>
</html>
`;
