import { globSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import SSHConfig, { LineType, type Directive, type Line, type Section } from 'ssh-config';
import type { ConnectionSettings, SshHop } from '../../sites/index.ts';
import { Problem } from '../../words/index.ts';
import type { ConfiguredHost } from '../trial.ts';

/** The user's ~/.ssh/config, parsed and never run: `Match exec` is code, so sections with `Match` are passed over. */
export interface SshConfig {
  hosts(): ConfiguredHost[];
  /** The connection that OpenSSH would make for a name; `user` and `port` given by hand win. */
  resolve(
    name: string,
    given: { user?: string | undefined; port?: number | undefined; identityFile?: string | undefined },
  ): ConnectionSettings;
}

/** @param file usually ~/.ssh/config; one that is not there is empty. */
export function readSshConfig(file: string): SshConfig {
  const sections = load(file, 0);
  const lookUp = (name: string): Map<string, string[]> => {
    const found = new Map<string, string[]>();
    for (const section of sections) {
      if (!section.holdsFor.every((patterns) => matchesList(patterns, name))) continue;
      for (const [key, value] of section.settings) {
        if (key === 'identityfile') found.set(key, [...(found.get(key) ?? []), value]);
        else if (!found.has(key)) found.set(key, [value]);
      }
    }
    return found;
  };
  const hop = (
    name: string,
    given: { user?: string | undefined; port?: number | undefined; identityFile?: string | undefined },
  ): SshHop & { jump: string[] } => {
    const found = lookUp(name);
    const first = (key: string) => found.get(key)?.[0];
    const user = given.user ?? first('user') ?? userInfo().username;
    const host = expand(first('hostname') ?? name, { h: name, n: name, r: user });
    const port = given.port ?? Number(first('port') ?? 22);
    const identity = given.identityFile ?? first('identityfile');
    const jump = first('proxyjump');
    return {
      host,
      port,
      user,
      authentication:
        identity === undefined || identity.toLowerCase() === 'none'
          ? { kind: 'agent' }
          : {
              kind: 'key',
              file: expand(identity, {
                h: host,
                n: name,
                p: String(port),
                r: user,
                d: homedir(),
                u: userInfo().username,
              }),
            },
      jump:
        jump === undefined || jump.toLowerCase() === 'none' ? [] : jump.split(',').map((word) => word.trim()),
    };
  };
  const chain = (names: readonly string[], depth: number): SshHop[] => {
    if (depth > 8)
      throw new Problem({
        code: 'jump-circle',
        message: 'The jump hosts in ~/.ssh/config lead in a circle.',
        todo: 'Mend the ProxyJump lines.',
      });
    return names.flatMap((name) => {
      const place = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(name);
      const resolved = hop((place?.[2] ?? name).replace(/^\[|\]$/g, ''), {
        user: place?.[1],
        port: place?.[3] === undefined ? undefined : Number(place[3]),
      });
      const { jump, ...own } = resolved;
      return [...chain(jump, depth + 1), own];
    });
  };
  return {
    hosts() {
      const names = sections.flatMap((section) =>
        namesIn(section).filter((pattern) => !/[*?!]/.test(pattern)),
      );
      return [...new Set(names)].map((name) => {
        const { host, port, user, authentication, jump } = hop(name, {});
        return {
          name,
          host,
          port,
          user,
          identityFile: authentication.kind === 'key' ? authentication.file : null,
          jump,
        };
      });
    },
    resolve(name, given) {
      const { jump, ...own } = hop(name, given);
      const known = sections.some((section) => namesIn(section).includes(name));
      return { kind: 'ssh', ...own, jump: chain(jump, 0), configHost: known ? name : null };
    },
  };
}

/** Lines that hold for the same hosts. */
interface Settings {
  /** Lists of patterns, the outermost first: each has to match. A file included by a section holds only within it. */
  readonly holdsFor: readonly (readonly string[])[];
  readonly settings: readonly (readonly [string, string])[];
}

function namesIn(section: Settings): readonly string[] {
  return section.holdsFor.at(-1) ?? [];
}

function load(file: string, depth: number, within: Settings['holdsFor'] = []): Settings[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return settingsIn(SSHConfig.parse(text), depth, within);
}

/** In the order of the lines, because the first value wins. */
function settingsIn(lines: readonly Line[], depth: number, within: Settings['holdsFor']): Settings[] {
  const all: Settings[] = [];
  let plain: (readonly [string, string])[] = [];
  const flush = () => {
    if (plain.length > 0) all.push({ holdsFor: within, settings: plain });
    plain = [];
  };
  for (const line of lines) {
    if (line.type !== LineType.DIRECTIVE) continue;
    if (!isSection(line) && line.param.toLowerCase() !== 'include') {
      plain.push([line.param.toLowerCase(), wordsIn(line).join(' ')]);
      continue;
    }
    flush();
    if (!isSection(line)) {
      if (depth < MOST_INCLUDES)
        for (const path of wordsIn(line))
          for (const found of filesAt(path)) all.push(...load(found, depth + 1, within));
    } else if (line.param.toLowerCase() === 'host') {
      const holdsFor = [...within, wordsIn(line)];
      // A section without a line still names a host.
      all.push({ holdsFor, settings: [] }, ...settingsIn(line.config, depth, holdsFor));
    }
  }
  flush();
  return all;
}

/** OpenSSH goes 16 deep; so many nobody has, and a file that includes itself ends sooner. */
const MOST_INCLUDES = 4;

/** What an Include names: relative to ~/.ssh, with `~` and patterns, in the order of their names. */
function filesAt(path: string): string[] {
  const absolute = path.startsWith('~/')
    ? join(homedir(), path.slice(2))
    : isAbsolute(path)
      ? path
      : join(homedir(), '.ssh', path);
  return /[*?[]/.test(absolute) ? globSync(absolute).sort() : [absolute];
}

function isSection(line: Directive | Section): line is Section {
  return 'config' in line;
}

function wordsIn(line: Directive | Section): string[] {
  const { value } = line;
  if (typeof value === 'string') return line.param.toLowerCase() === 'host' ? value.split(/\s+/) : [value];
  return value.map((word) => word.val);
}

function matchesList(patterns: readonly string[], name: string): boolean {
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(name);
}

function expand(text: string, tokens: Readonly<Record<string, string>>): string {
  const home = text.replace(/^~(?=\/|$)/, homedir());
  return home.replace(/%([%a-z])/gi, (whole, token: string) =>
    token === '%' ? '%' : (tokens[token] ?? whole),
  );
}
