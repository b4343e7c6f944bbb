import { z } from 'zod';

const text = z.string().max(4096, 'is too long').optional();

export const fileQuery = z.object({
  path: text.meta({ description: 'Absolute, or from the home of the user on.' }),
  username: text,
  signature: text,
  signature_expiration: text,
});

export const errorResponse = z
  .object({ code: z.int(), message: z.string() })
  .meta({ id: 'EnvdError', examples: [{ code: 404, message: "path '/home/user/none.txt' does not exist" }] });

export const entries = z.array(
  z.object({
    path: z.string(),
    name: z.string(),
    type: z.literal('file'),
    metadata: z.record(z.string(), z.string()).optional(),
  }),
);

export const composeBody = z.object({
  source_paths: z.array(z.string().max(4096)).min(1, 'must not be empty').max(1000),
  destination: z.string().min(1).max(4096),
  username: z.string().max(4096).nullish(),
});

export const composed = z.object({ path: z.string(), name: z.string(), type: z.literal('file') });
