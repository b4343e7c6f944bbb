import { z } from 'zod';
import type { StreamDocument } from '../../../http/streams/documents.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { count, flag, pathFields, requirePath } from './fields.ts';

export const watchQuery = z
  .strictObject({
    ...pathFields('path', WORKSPACE),
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

const change = {
  id: z.int().min(1).meta({ description: 'Its number in this connection.' }),
  path: z.string(),
  path_base64: z.string().optional(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
};

/** An event of the stream, as a line of NDJSON has it. */
export const changeEvent = z
  .discriminatedUnion('event', [
    z.object({ event: z.enum(['created', 'modified', 'deleted']), ...change }),
    z.object({
      event: z.literal('renamed'),
      ...change,
      from: z.string().meta({ description: 'Where it was.' }),
      from_base64: z.string().optional(),
    }),
    z.object({ event: z.literal('overflow'), id: change.id }).meta({ description: 'Something is missing before it.' }),
    z.object({ event: z.literal('ping') }),
  ])
  .meta({
    id: 'ChangeEvent',
    description: 'What has happened to a file; a ping or comment comes first.',
    examples: [{ id: 1, event: 'created', path: '/workspace/plot.png', type: 'file' }],
  });

/** For the OpenAPI document: a stream of changes. */
export const watchStream: StreamDocument = {
  event: 'ChangeEvent',
  example: [
    { id: 1, event: 'created', data: { path: '/workspace/plot.png', type: 'file' } },
    { id: 2, event: 'renamed', data: { path: '/workspace/new', from: '/workspace/old', type: 'directory' } },
    { id: 3, event: 'overflow', data: {} },
  ],
};
