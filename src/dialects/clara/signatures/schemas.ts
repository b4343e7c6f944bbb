import { z } from 'zod';

const DAY_SECONDS = 86_400;

const targetText = z
  .string()
  .max(8192, 'is too long')
  .regex(/^\/[\x21-\x7e]*$/, 'must be a path of the API with its query, as it is sent')
  .meta({ description: 'A path of the API about this sandbox, with its query.' });

export const signBody = z
  .strictObject({
    method: z.enum(['GET', 'PUT', 'POST'], 'must be GET, PUT or POST'),
    path: targetText,
    expires_in: z
      .int()
      .min(1)
      .max(7 * DAY_SECONDS, `must be ${7 * DAY_SECONDS} or less`)
      .nullish()
      .meta({ description: 'Seconds; 900 if absent.' }),
  })
  .meta({
    examples: [{ method: 'GET', path: '/sandbox/discord-123456789/raw?path=/workspace/report.pdf', expires_in: 3600 }],
  });

export const signedUrl = z.object({ url: z.string(), expires_at: z.string() }).meta({
  id: 'SignedUrl',
  examples: [
    {
      url: 'http://localhost:8080/sandbox/discord-123456789/raw?path=/workspace/report.pdf&signature=bWFzdGVy.7.1769864400.x',
      expires_at: '2026-01-31T13:00:00.000000Z',
    },
  ],
});

/** Nothing: what is unknown is refused. */
export const noQuery = z.strictObject({});

export const revoked = z.null().describe('No URL that was signed before is good any more.');
