import Papa from 'papaparse';
import { z } from 'zod';
import { asProblem, Problem, wordsOf } from '../words/index.ts';
import type { Sites } from './registry.ts';
import { SiteDraft, type Site } from './site.ts';

const COLUMNS = [
  'name',
  'url',
  'platform',
  'root',
  'connection',
  'host',
  'port',
  'user',
  'authentication',
  'key',
  'jump',
  'tags',
  'notes',
] as const;

const FileV1 = z.object({
  groundskeeper: z.literal('sites'),
  version: z.literal(1),
  sites: z.array(z.unknown()),
});

/** All sites as an open format, without secrets. CSV leaves out per-site settings; JSON has everything. */
export function exportSites(sites: readonly Site[], format: 'json' | 'csv'): string {
  if (format === 'json') {
    const drafts = sites.map((site) => SiteDraft.parse(site));
    return `${JSON.stringify({ groundskeeper: 'sites', version: 1, sites: drafts }, null, 2)}\n`;
  }
  const rows = sites.map((site) => {
    const ssh = site.connection.kind === 'local' ? null : site.connection;
    return {
      name: site.name,
      url: site.url,
      platform: site.platform,
      root: site.root,
      connection: site.connection.kind,
      host: ssh?.host ?? '',
      port: ssh?.port ?? '',
      user: ssh?.user ?? '',
      authentication: ssh?.authentication.kind ?? '',
      key: ssh?.authentication.kind === 'key' ? ssh.authentication.file : '',
      jump: (ssh?.jump ?? []).map((hop) => `${hop.user}@${hop.host}:${hop.port}`).join(' '),
      tags: site.tags.join(' '),
      notes: site.notes,
    };
  });
  const safe = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, notAFormula(String(cell))])),
  );
  return `${Papa.unparse(safe, { columns: [...COLUMNS] })}\r\n`;
}

/** A spreadsheet runs what begins with one of these; an apostrophe before it makes it text. */
const FORMULA = /^(?='*[=+\-@\t\r])/;

function notAFormula(cell: string): string {
  return cell.replace(FORMULA, "'");
}

/** Takes back what {@link notAFormula} did, and nothing that was there before. */
function asItWas(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}

export interface ImportResult {
  readonly added: string[];
  /** `line` counts from 1: the line of the CSV file, the position in the JSON list. */
  readonly refused: { line: number; name: string; why: string }[];
}

/** Adds every site of a file that can be added, and says of each other one why not. */
export function importSites(sites: Sites, format: 'json' | 'csv', text: string): ImportResult {
  const result: ImportResult = { added: [], refused: [] };
  for (const { line, draft } of format === 'json' ? readJsonFile(text) : readCsvFile(text)) {
    const parsed = SiteDraft.safeParse(draft);
    const name = z.object({ name: z.string() }).safeParse(draft);
    if (!parsed.success) {
      result.refused.push({
        line,
        name: name.success ? name.data.name : '',
        why: z.prettifyError(parsed.error),
      });
      continue;
    }
    try {
      result.added.push(sites.add(parsed.data).name);
    } catch (error) {
      result.refused.push({ line, name: parsed.data.name, why: asProblem(error).message });
    }
  }
  return result;
}

function readJsonFile(text: string): { line: number; draft: unknown }[] {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw notAList(wordsOf(error));
  }
  const file = FileV1.safeParse(raw);
  if (!file.success) throw notAList(z.prettifyError(file.error));
  return file.data.sites.map((draft, index) => ({ line: index + 1, draft }));
}

const Cells = z.array(z.string());

function readCsvFile(given: string): { line: number; draft: unknown }[] {
  const text = given.replace(/^\uFEFF/, '');
  const rows: { line: number; cells: string[] }[] = [];
  let line = 1;
  let from = 0;
  Papa.parse(text, {
    step: ({ data, meta }) => {
      rows.push({ line, cells: Cells.catch([]).parse(data) });
      // A cell may hold line ends of its own.
      line += text.slice(from, meta.cursor).match(/\r\n|\n|\r/g)?.length ?? 0;
      from = meta.cursor;
    },
  });
  const [header, ...rest] = rows.filter((row) => row.cells.some((cell) => cell.trim() !== ''));
  const names = (header?.cells ?? []).map((name) => name.trim().toLowerCase());
  if (!names.includes('name') || !names.includes('url')) {
    throw notAList(`The first line names the columns ${names.join(', ')}; wanted: ${COLUMNS.join(', ')}.`);
  }
  return rest.map((row) => ({
    line: row.line,
    draft: draftOfRow(Object.fromEntries(names.map((name, index) => [name, row.cells[index] ?? '']))),
  }));
}

function draftOfRow(row: Record<string, string>): unknown {
  const cell = (name: (typeof COLUMNS)[number]) => asItWas((row[name] ?? '').trim());
  const authentication = (kind: string, file: string) =>
    kind === 'key' ? { kind, file } : { kind: kind || 'agent' };
  const auth = authentication(cell('authentication'), cell('key'));
  return {
    name: cell('name'),
    url: cell('url'),
    platform: cell('platform') || 'wordpress',
    root: cell('root'),
    connection:
      cell('connection') === 'local'
        ? { kind: 'local' }
        : {
            kind: cell('connection') === 'sftp' ? 'sftp' : 'ssh',
            host: cell('host'),
            port: Number(cell('port') || 22),
            user: cell('user'),
            authentication: auth,
            jump: cell('jump')
              .split(/\s+/)
              .filter((hop) => hop !== '')
              .map((hop) => jumpHop(hop, auth)),
          },
    tags: cell('tags')
      .split(/[\s,;]+/)
      .filter((tag) => tag !== ''),
    notes: cell('notes'),
  };
}

function jumpHop(text: string, authentication: unknown): unknown {
  const match = /^([^@]+)@(.+?)(?::(\d+))?$/.exec(text);
  return { user: match?.[1] ?? '', host: match?.[2] ?? text, port: Number(match?.[3] ?? 22), authentication };
}

function notAList(answered: string): Problem {
  return new Problem({
    code: 'not-a-site-list',
    message: 'This file is not a list of sites.',
    answered,
    todo: 'Use a file that Groundskeeper exported, or a CSV file with at least the columns name, url, root, host and user.',
  });
}
