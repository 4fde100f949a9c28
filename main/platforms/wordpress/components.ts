import type { Component } from '../inventory.ts';
import { optionList, optionText, type Answer, type Entry } from './answer.ts';

type Files = NonNullable<Answer['files']>;

/** The reader's answer as components, in the order core, plugins, must-use, drop-ins, themes, languages. */
export function componentsOf(
  files: Files,
  configuration: Answer['configuration'],
  root: string,
): Component[] {
  return [
    core(files),
    ...plugins(files, configuration, root),
    ...files.mustUse.map((entry) => single(entry, 'must-use', relative(files.muFolder, root))),
    ...files.dropIns.map((entry) => single(entry, 'drop-in', relative(files.content, root))),
    ...themes(files, configuration, root),
    ...files.languages.map((language) => ({
      ...blank,
      kind: 'language' as const,
      slug: language.file.replace(/\.po$/, ''),
      name: language.file.replace(/\.po$/, ''),
      version: language.version,
      active: null,
      file: language.file,
      path: `${relative(files.content, root)}/languages/${language.file}`,
    })),
  ];
}

const blank = {
  parent: null,
  updateUri: null,
  author: '',
  homepage: null,
  requires: { core: null, php: null, database: null },
  needs: [],
};

function core(files: Files): Component {
  return {
    ...blank,
    kind: 'core',
    slug: 'wordpress',
    name: 'WordPress',
    version: files.core.version,
    active: 'yes',
    file: null,
    path: '',
    homepage: 'https://wordpress.org/',
    requires: {
      core: null,
      php: files.core.requiresPhp || null,
      database: files.core.requiresDatabase || null,
    },
  };
}

function plugins(files: Files, configuration: Answer['configuration'], root: string): Component[] {
  const active = optionList(configuration, 'active_plugins');
  const taken = new Set<string>();
  return files.plugins.map((entry) => {
    const folder = entry.file.includes('/') ? (entry.file.split('/')[0] ?? '') : null;
    const plain = folder ?? entry.file.replace(/\.php$/, '');
    // Two plugins may share one folder; the second is named by its file.
    const slug = taken.has(plain) ? entry.file.replace(/\.php$/, '') : plain;
    taken.add(plain);
    return {
      ...described(entry),
      kind: 'plugin' as const,
      slug,
      active:
        configuration?.networkActive.includes(entry.file) === true
          ? ('network' as const)
          : active === null
            ? null
            : active.includes(entry.file)
              ? ('yes' as const)
              : ('no' as const),
      file: entry.file,
      path: `${relative(files.pluginFolder, root)}/${folder ?? entry.file}`,
      needs: entry.needs
        .split(',')
        .map((slug) => slug.trim())
        .filter((slug) => slug !== ''),
    };
  });
}

function themes(files: Files, configuration: Answer['configuration'], root: string): Component[] {
  const stylesheet = optionText(configuration, 'stylesheet');
  const template = optionText(configuration, 'template');
  return files.themes.map((entry) => ({
    ...described(entry),
    kind: 'theme' as const,
    slug: entry.file,
    active:
      stylesheet === null
        ? null
        : entry.file === stylesheet || entry.file === template
          ? ('yes' as const)
          : ('no' as const),
    file: `${entry.file}/style.css`,
    path: `${relative(files.content, root)}/themes/${entry.file}`,
    parent: entry.parent === '' ? null : entry.parent,
  }));
}

function single(entry: Entry, kind: 'must-use' | 'drop-in', folder: string): Component {
  return {
    ...described(entry),
    kind,
    slug: entry.file.replace(/\.php$/, ''),
    active: 'yes',
    file: entry.file,
    path: `${folder}/${entry.file}`,
  };
}

function described(entry: Entry) {
  return {
    ...blank,
    name: entry.name || entry.file,
    version: entry.version,
    author: entry.author.replace(/<[^>]*>/g, ''),
    homepage: /^https?:\/\//.test(entry.homepage) ? entry.homepage : null,
    updateUri: entry.updateUri || null,
    requires: { core: entry.requiresCore || null, php: entry.requiresPhp || null, database: null },
  };
}

function relative(path: string, root: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}
