import { z } from 'zod';
import { Component } from '../platforms/index.ts';
import { UpdateKind } from '../policies/index.ts';
import { Release } from '../releases/index.ts';
import { SiteId } from '../words/index.ts';

/** A component and a newer release; `obstacles` says in words why it does not fit, and is empty where it does. */
export const Update = z.object({
  siteId: SiteId,
  component: Component,
  release: Release,
  kind: UpdateKind,
  obstacles: z.array(z.string()),
});
export type Update = z.infer<typeof Update>;
