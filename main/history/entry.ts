import { z } from 'zod';
import { RunId, SiteId } from '../words/index.ts';

/** One line of the audit trail: something that was done, by whom, and how it ended. Never changed later. */
export const HistoryEntry = z.object({
  id: z.number().int(),
  at: z.number(),
  siteId: SiteId.nullable(),
  /** The site's name at the time; a removed site keeps its history. */
  siteName: z.string().nullable(),
  runId: RunId.nullable(),
  kind: z.enum([
    'site-added',
    'site-edited',
    'site-removed',
    'host-trusted',
    'check',
    'backup',
    'update',
    'rollback',
    'restore',
    'repair',
    'verify',
    'prune',
    'copy',
    'move',
    'settings',
  ]),
  outcome: z.enum(['done', 'failed', 'rolled-back', 'cancelled']),
  /** One plain sentence, e.g. `Akismet 5.2 → 5.3`. */
  summary: z.string(),
  /** SHA-256 (hex) of the run's story as it was told at its end; null: it tells of no run. */
  evidence: z.string().nullable(),
  /** Ties it to the entry before it; see chain.ts. */
  link: z.string(),
});
export type HistoryEntry = z.infer<typeof HistoryEntry>;
