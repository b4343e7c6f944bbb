import { z } from 'zod';
import { count, flag, pathFields, requirePath } from './fields.ts';

export const watchQuery = z
  .strictObject({
    ...pathFields('path', '/workspace'),
    recursive: flag(true).meta({ description: 'false: what is directly in the folder, and not below.' }),
    after: count(0, Number.MAX_SAFE_INTEGER)
      .optional()
      .meta({ description: 'Is 410: nothing is kept of what happened while nobody watched.' }),
  })
  .superRefine(requirePath('path'));

export const changeStream = {
  description:
    'Events `created`, `modified`, `deleted`, `renamed` with `path`, `type` and, of what is renamed, `from`; `overflow` where some are missing: look again. SSE unless Accept asks for application/x-ndjson.',
  content: { 'text/event-stream': { schema: z.string() }, 'application/x-ndjson': { schema: z.string() } },
};

export const notResumed = z.object({ error: z.string() }).meta({
  description: 'Watching cannot go on where another connection ended.',
  examples: [{ error: 'Changes are not kept: watch again without Last-Event-ID, and look at the files anew.' }],
});
