import { z } from 'zod';
import { ownOperations } from '../own-operations.ts';
import { errorResponse } from './errors.ts';

/** Of the addresses of this dialect's sandboxes. */
export const NAMESPACE = 'manager';

type Tag = 'sandboxes' | 'execution' | 'configuration' | 'files' | 'observation';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'sandboxes', description: 'The life of sandboxes' },
  { name: 'execution', description: 'Running commands' },
  { name: 'configuration', description: 'Environment, main process and timeout' },
  { name: 'files', description: 'Volumes and export' },
  { name: 'observation', description: 'Logs, figures and alerts' },
];

const params = z.object({
  sandbox_id: z.string().meta({
    description: 'Its container_id, the first 12 digits of that, or its name.',
    examples: ['my-sandbox'],
  }),
});

const own = ownOperations<Tag>();

/** The options of a route about no sandbox that exists. */
export const { operation } = own;

/** The same for a route about one sandbox. */
export const sandboxOperation = own.aboutSandbox(params, errorResponse);
