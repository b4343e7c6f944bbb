import { z } from 'zod';

/** The most files that a run is told to have changed. */
const MOST = 100;

/** As the agent tells it: the first files by name, and whether there are more. */
export const changedFiles = z.object({
  changes: z
    .array(
      z.object({
        path: z.string().max(65_536),
        size: z.number().min(0).nullable(),
        change: z.enum(['created', 'modified', 'deleted']),
      }),
    )
    .max(MOST),
  truncated: z.boolean(),
});

/** Files of the workspace that changed while a program ran. Names that are not UTF-8 have lone surrogates. */
export type ChangedFiles = z.infer<typeof changedFiles>;
