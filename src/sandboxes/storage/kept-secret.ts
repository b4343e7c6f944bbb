import { z } from 'zod';

/** What a record has of a secret. */
export const keptSecret = z.object({
  name: z.string(),
  hosts: z.array(z.string()),
  header: z.string().nullable(),
  isInQuery: z.boolean(),
  /** What programs have in its place. */
  placeholder: z.string(),
  /** The value, encrypted by a key of the server. */
  sealed: z.string(),
});

/** A secret of a sandbox, as far as its record knows it. */
export type KeptSecret = z.infer<typeof keptSecret>;
