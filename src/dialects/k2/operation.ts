import { z } from 'zod';
import { ownOperations } from '../own-operations.ts';
import { errorResponse } from './errors.ts';

/** Of the addresses of this dialect's sandboxes. */
export const NAMESPACE = 'k2';

type Tag = 'sandboxes' | 'execution' | 'filesystem';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'sandboxes', description: 'The life of sandboxes' },
  { name: 'execution', description: 'Running code and commands' },
  { name: 'filesystem', description: 'Files of a sandbox' },
];

const params = z.object({
  sandbox_id: z.string().meta({ description: 'As its creation answered it.', examples: ['6f1c…'] }),
});

const own = ownOperations<Tag>();

/** The options of a route about no sandbox that exists. */
export const { operation } = own;

/** The same for a route about one sandbox. */
export const sandboxOperation = own.aboutSandbox(params, errorResponse);
