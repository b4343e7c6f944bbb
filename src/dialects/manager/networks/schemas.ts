import { z } from 'zod';

/** Networks that the engine has for itself. */
const KEPT = ['host', 'bridge', 'none', 'default'];

export const networkName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, 'must have 1 to 63 small letters, digits, dots, dashes and underscores')
  .refine((name) => !KEPT.includes(name), 'is a network of the engine, which no sandbox is in');

export const networks = z
  .object({
    networks: z.array(
      z.object({
        name: z.string(),
        sandboxes: z.array(z.object({ container_id: z.string(), name: z.string() })),
      }),
    ),
  })
  .meta({ examples: [{ networks: [{ name: 'backend', sandboxes: [{ container_id: '0f3a', name: 'db' }] }] }] });
