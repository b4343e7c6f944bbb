import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HttpError } from '../../http/errors/http-error.ts';
import type { SandboxRef } from '../../sandboxes/asked/ref.ts';
import { NAMESPACE } from '../../sessions/sessions.ts';
import { principalOf } from '../dialect.ts';
import { ownOperations } from '../own-operations.ts';

type Tag = 'auth' | 'sessions' | 'sandbox' | 'execute' | 'files';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'auth', description: 'Tokens' },
  { name: 'sessions', description: 'What a user works in for a time' },
  { name: 'sandbox', description: 'Sandboxes of the pool' },
  { name: 'execute', description: 'Running code and commands' },
  { name: 'files', description: 'Files of a sandbox' },
];

/** The options of a route; who asks is a user of the key's holder. */
export const { operation } = ownOperations<Tag>();

/** The answer of what has nothing to tell. */
export const success = z.object({ success: z.literal(true) }).meta({ examples: [{ success: true }] });

/** That answer. */
export const SUCCESS = { success: true } as const;

/** The sandbox that a field of the request names, which its line in the log has then; throws a 400 where that is absent. */
export function toRef(request: FastifyRequest, sandboxId: string | null | undefined): SandboxRef {
  if (!sandboxId) throw new HttpError(400, 'sandbox_id is required');
  const ref = { address: { namespace: NAMESPACE, id: sandboxId }, principal: principalOf(request) };
  request.about = ref.address;
  return ref;
}

/** A field that names a sandbox, which the route itself misses. */
export const sandboxId = z.string().max(256).nullish().meta({ description: 'As acquire answered it.' });
