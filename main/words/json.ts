import { z } from 'zod';

/** Anything JSON can hold. What rooms keep for others without looking inside. */
export type Json = z.infer<typeof Json>;
export const Json = z.json();

/** Reads JSON text from a boundary. @throws when it is not JSON or not of the schema. */
export function readJson<T extends z.ZodType>(schema: T, text: string): z.infer<T> {
  const raw: unknown = JSON.parse(text);
  return schema.parse(raw);
}
