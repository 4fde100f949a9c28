import ignore from 'ignore';
import { z } from 'zod';
import type { ManifestEntry } from './manifest-entry.ts';

/** A rule as in a `.gitignore`: `*.mp4`, `/uploads/video/`, `!keep.mp4`. */
export const LeaveOutRule = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((rule) => !/[\n\r\0]/.test(rule) && isRule(rule), 'not a rule as in a .gitignore')
  .refine((rule) => rule.replace(/^!/, '').replace(/[/*]+/g, '') !== '', 'that would leave out everything');
export type LeaveOutRule = z.infer<typeof LeaveOutRule>;

/** What of a site is not backed up. */
export const LeaveOut = z.object({
  /** Exactly these, with all below them, relative to the root. */
  paths: z.array(z.string()),
  /** Later ones win over earlier ones. */
  rules: z.array(z.string()),
  /** Files of more bytes than this; null: of any size. */
  largerThan: z.number().nullable(),
});
export type LeaveOut = z.infer<typeof LeaveOut>;

/** Decides what is left out. */
export interface LeftOut {
  /** Why an entry is left out: the path, the rule, or `> 50000000`; null: it is not. */
  because(entry: Pick<ManifestEntry, 'path' | 'kind' | 'size'>): string | null;
}

/** What these leave out, by what is asked of each entry alone. */
export function leftOutBy({ paths, rules, largerThan }: LeaveOut): LeftOut {
  const exact = new Set(paths);
  const rule = ignore({ ignorecase: false, allowRelativePaths: true }).add([...rules]);
  const none = rules.length === 0;
  return {
    because({ path, kind, size }) {
      if (path === '') return null;
      for (let end = path.indexOf('/'); exact.size > 0; end = path.indexOf('/', end + 1)) {
        const part = end < 0 ? path : path.slice(0, end);
        if (exact.has(part)) return part;
        if (end < 0) break;
      }
      if (!none) {
        const found = rule.test(kind === 'folder' ? `${path}/` : path);
        if (found.ignored) return found.rule?.pattern ?? 'a rule';
        // What a rule keeps by name stays, however large it is.
        if (found.unignored) return null;
      }
      return kind === 'file' && largerThan !== null && size > largerThan ? `> ${largerThan}` : null;
    },
  };
}

/**
 * The entries that are backed up. Folders stay as long as something below them does.
 * @param touches paths that are backed up whatever the rules say, because they are about to be changed
 */
export function withoutLeftOut(
  entries: readonly ManifestEntry[],
  leftOut: LeftOut,
  touches: (path: string) => boolean,
): { entries: ManifestEntry[]; files: number; bytes: number } {
  const kept = new Set<string>();
  const keep = (path: string) => {
    for (let at = path; at !== '' && !kept.has(at); at = at.slice(0, Math.max(0, at.lastIndexOf('/'))))
      kept.add(at);
  };
  let files = 0;
  let bytes = 0;
  for (const entry of entries) {
    if (leftOut.because(entry) === null || touches(entry.path)) keep(entry.path);
    else if (entry.kind === 'file') {
      files += 1;
      bytes += entry.size;
    }
  }
  return { entries: entries.filter(({ path }) => path === '' || kept.has(path)), files, bytes };
}

/** What the rules drop of a site, and how much that is. */
export const LeaveOutPreview = z.object({
  /** All that is there. */
  files: z.number(),
  bytes: z.number(),
  /** For each path, rule and limit: what it drops. Largest first. */
  dropped: z.array(
    z.object({ because: z.string(), files: z.number(), bytes: z.number(), examples: z.array(z.string()) }),
  ),
  /** Where the most is that is still backed up, to find what else could go. */
  largest: z.array(z.object({ path: z.string(), files: z.number(), bytes: z.number() })),
});
export type LeaveOutPreview = z.infer<typeof LeaveOutPreview>;

const EXAMPLES = 5;
const LARGEST = 12;
/** A folder in which one below it holds this part of its bytes says nothing of its own. */
const MOSTLY = 0.9;

/** Adds up what would be dropped. @param entries everything below the root */
export function previewOf(entries: readonly ManifestEntry[], leftOut: LeftOut): LeaveOutPreview {
  const dropped = new Map<string, { files: number; bytes: number; examples: string[] }>();
  const folders = new Map<string, { files: number; bytes: number }>();
  let files = 0;
  let bytes = 0;
  for (const entry of entries) {
    if (entry.kind !== 'file') continue;
    files += 1;
    bytes += entry.size;
    const because = leftOut.because(entry);
    if (because === null) {
      for (let cut = entry.path.lastIndexOf('/'); cut > 0; cut = entry.path.lastIndexOf('/', cut - 1)) {
        const sum = folders.get(entry.path.slice(0, cut)) ?? { files: 0, bytes: 0 };
        folders.set(entry.path.slice(0, cut), { files: sum.files + 1, bytes: sum.bytes + entry.size });
      }
      continue;
    }
    const sum = dropped.get(because) ?? { files: 0, bytes: 0, examples: [] };
    sum.files += 1;
    sum.bytes += entry.size;
    if (sum.examples.length < EXAMPLES) sum.examples.push(entry.path);
    dropped.set(because, sum);
  }
  const nearlyIn = new Set<string>();
  for (const [path, sum] of folders) {
    const above = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (sum.bytes >= (folders.get(above)?.bytes ?? Number.POSITIVE_INFINITY) * MOSTLY) nearlyIn.add(above);
  }
  const bySize = (a: { bytes: number }, b: { bytes: number }) => b.bytes - a.bytes;
  return {
    files,
    bytes,
    dropped: [...dropped].map(([because, sum]) => ({ because, ...sum })).sort(bySize),
    largest: [...folders]
      .filter(([path]) => !nearlyIn.has(path))
      .map(([path, sum]) => ({ path, ...sum }))
      .sort(bySize)
      .slice(0, LARGEST),
  };
}

function isRule(rule: string): boolean {
  try {
    ignore().add(rule).test('x');
    return !rule.startsWith('#');
  } catch {
    return false;
  }
}
