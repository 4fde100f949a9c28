import { z } from 'zod';
import { ProblemShape, RemotePath } from '../words/index.ts';

/** A host key that nobody has confirmed yet. */
export const UnknownHostKey = z.object({
  host: z.string(),
  port: z.number().int(),
  /** e.g. `ssh-ed25519`. */
  type: z.string(),
  /** As OpenSSH prints it: `SHA256:…` without padding. */
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/),
});
export type UnknownHostKey = z.infer<typeof UnknownHostKey>;

/** What trying a connection found. */
export const Trial = z.discriminatedUnion('outcome', [
  /** All well; `user`/`system` as the server says, `home` is where the search for sites begins. */
  z.object({
    outcome: z.literal('ok'),
    user: z.string(),
    system: z.string(),
    home: RemotePath,
    php: z.string().nullable(),
    /** Reached over SFTP: no commands. */
    onlyFiles: z.boolean(),
    millis: z.number(),
  }),
  /** The user has to compare this fingerprint once. */
  z.object({ outcome: z.literal('unknown-host'), key: UnknownHostKey }),
  z.object({
    outcome: z.literal('failed'),
    problem: ProblemShape,
    /** With `host-key-changed`: the key that the server showed instead of the known one. */
    key: UnknownHostKey.optional(),
  }),
]);
export type Trial = z.infer<typeof Trial>;

/** A host that ~/.ssh/config names. */
export const ConfiguredHost = z.object({
  name: z.string(),
  host: z.string(),
  port: z.number().int(),
  user: z.string(),
  identityFile: z.string().nullable(),
  jump: z.array(z.string()),
});
export type ConfiguredHost = z.infer<typeof ConfiguredHost>;
