import { z } from 'zod';
import { decodeName, Problem, remotePath, type RemotePath } from '../../words/index.ts';

/** Text as read.php says it: a string, or base64 where the bytes are not UTF-8. */
const Text = z
  .union([z.string(), z.object({ base64: z.base64() })])
  .transform((text) => (typeof text === 'string' ? text : decodeName(Buffer.from(text.base64, 'base64'))));
const Field = Text.optional().transform((text) => text ?? '');
const MaybeText = Text.nullish().transform((text) => text ?? null);

/** A list that PHP may print as `[]` or, when empty, as nothing. */
const Entry = z.object({
  file: Text,
  name: Field,
  version: Field,
  author: Field,
  homepage: Field,
  requiresCore: Field,
  requiresPhp: Field,
  needs: Field,
  updateUri: Field,
  parent: Field,
});
export type Entry = z.infer<typeof Entry>;

const FilesPart = z.object({
  part: z.literal('files'),
  php: z.string(),
  phpBinary: MaybeText,
  core: z.union([
    z.object({
      version: Field,
      package: Field,
      databaseVersion: Field,
      requiresPhp: Field,
      requiresDatabase: Field,
    }),
    z.array(z.never()).transform(() => ({
      version: '',
      package: '',
      databaseVersion: '',
      requiresPhp: '',
      requiresDatabase: '',
    })),
  ]),
  content: Text,
  pluginFolder: Text,
  muFolder: Text,
  plugins: z.array(Entry),
  mustUse: z.array(Entry),
  dropIns: z.array(Entry),
  themes: z.array(Entry),
  languages: z.array(z.object({ file: Text, of: z.enum(['core', 'plugin', 'theme']), version: Field })),
  maintenance: z.boolean(),
});

const OptionValue = z
  .union([Text, z.array(Text.nullable()).transform((list) => list.filter((item) => item !== null))])
  .nullable();

const ConfigurationPart = z.object({
  part: z.literal('configuration'),
  prefix: Text,
  multisite: z.boolean(),
  network: z
    .object({
      subdomains: z.boolean(),
      domain: MaybeText,
      path: MaybeText,
      number: MaybeText,
      mainSite: MaybeText,
    })
    .nullish()
    .transform((network) => network ?? null),
  home: MaybeText,
  siteurl: MaybeText,
  errorLog: MaybeText,
  fileModsForbidden: z.boolean(),
  options: z.record(z.string(), OptionValue),
  networkActive: z.array(Text),
  blogs: z.number().optional(),
  database: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('sqlite'), file: Text }),
    z.object({
      kind: z.literal('mysql'),
      host: Text,
      port: z.number().nullable(),
      socket: MaybeText,
      name: Text,
      user: Text,
      password: Text,
    }),
  ]),
  server: z.object({ kind: z.enum(['mysql', 'mariadb', 'sqlite']), version: z.string() }).optional(),
  gap: z.string().optional(),
  refused: MaybeText,
});

const FailedPart = z.object({ part: z.literal('failed'), why: Text });

const Part = z.discriminatedUnion('part', [FilesPart, ConfigurationPart, FailedPart]);

/** What read.sh and read.php printed, taken apart. */
export interface Answer {
  readonly fingerprint: string;
  /** null: nothing changed since the known fingerprint. */
  readonly files: z.infer<typeof FilesPart> | null;
  readonly configuration: z.infer<typeof ConfigurationPart> | null;
  /** Why there is no configuration. */
  readonly failure: string | null;
}

/**
 * Takes the reader's output apart. Whatever the site's own code printed around our lines is ignored.
 * @throws Problem `unreadable-answer` when our lines are missing or are not what the reader prints.
 */
export function readAnswer(output: Buffer, marker: string): Answer {
  let fingerprint = '';
  let files: Answer['files'] = null;
  let configuration: Answer['configuration'] = null;
  let failure: string | null = null;
  for (const line of output.toString('utf8').split('\n')) {
    const at = line.indexOf(marker);
    if (at < 0) continue;
    const said = line.slice(at + marker.length);
    if (said.startsWith('fingerprint ')) {
      fingerprint = said.slice('fingerprint '.length).trim();
      continue;
    }
    const part = parsePart(said);
    if (part === null) throw unreadable(said);
    if (part.part === 'files') files = part;
    else if (part.part === 'configuration') configuration = part;
    else failure = part.why;
  }
  return { fingerprint, files, configuration, failure };
}

function parsePart(text: string): z.infer<typeof Part> | null {
  try {
    const raw: unknown = JSON.parse(text);
    const part = Part.safeParse(raw);
    return part.success ? part.data : null;
  } catch {
    return null;
  }
}

export function unreadable(answered: string): Problem {
  return new Problem({
    code: 'unreadable-answer',
    message: 'The site’s answer could not be understood.',
    attempted: 'Read the inventory',
    answered,
    todo: 'PHP on this server may be broken; try `php -v` there.',
  });
}

/** The text of an option; null where it is missing or a list. */
export function optionText(configuration: Answer['configuration'], name: string): string | null {
  const value = configuration?.options[name];
  return typeof value === 'string' ? value : null;
}

/** The strings of an option that holds a list. */
export function optionList(configuration: Answer['configuration'], name: string): readonly string[] | null {
  const value = configuration?.options[name];
  return Array.isArray(value) ? value : null;
}

export function pathOrNull(text: string | null | undefined): RemotePath | null {
  return text?.startsWith('/') === true ? remotePath(text) : null;
}
