import { z } from 'zod';

/** A context as the record of its sandbox has it. */
export const notedContext = z.object({
  id: z.string(),
  name: z.string().nullable(),
  language: z.string(),
  cwd: z.string(),
  createdAtMs: z.number(),
  /** True for the default one where it was used and nobody has made it: it is known to have had variables, and is not listed. */
  isByUse: z.boolean().optional(),
});

/** What is known of a context after its interpreter has ended with its sandbox; times on the wall clock. */
export type NotedContext = z.infer<typeof notedContext>;
