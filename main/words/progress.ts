import { z } from 'zod';

/** How far a piece of work is. `total` null: not known yet. */
export const Progress = z.object({
  /** What is being done now, in words. */
  what: z.string(),
  done: z.number(),
  total: z.number().nullable(),
  /** Milliseconds that it still takes, about; absent: not known. A run adds it. */
  left: z.number().optional(),
  unit: z.enum(['bytes', 'files', 'sites', 'steps']),
});
export type Progress = z.infer<typeof Progress>;

export type OnProgress = (progress: Progress) => void;

/** Where the time comes from: milliseconds since 1970. An argument, so that deciding stays pure. */
export type Clock = () => number;
