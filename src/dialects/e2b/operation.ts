import { z } from 'zod';
import { ownOperations } from '../own-operations.ts';
import { errorResponse } from './errors.ts';

/** Of the addresses of this dialect's sandboxes. */
export const NAMESPACE = 'e2b';

type Tag = 'sandboxes' | 'snapshots' | 'templates';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'sandboxes', description: 'The life of sandboxes' },
  { name: 'snapshots', description: 'What sandboxes had at a moment' },
  { name: 'templates', description: 'What sandboxes are made from' },
];

const params = z.object({
  sandboxID: z.string().meta({ description: 'As its creation answered it.', examples: ['i4t0…'] }),
});

/** An answer without a body. */
export const noContent = z.null().describe('Done.');

const own = ownOperations<Tag>();

/** The options of a route about no sandbox that exists. */
export const { operation } = own;

/** The same for a route about one sandbox. */
export const sandboxOperation = own.aboutSandbox(params, errorResponse);
