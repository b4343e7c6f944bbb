import { z } from 'zod';

const text = z.string();

export const tokenBody = z
  .object({
    user_id: text.nullish().meta({ description: 'Whom the token is for: any id of yours.' }),
    role: text
      .max(256)
      .nullish()
      .meta({ description: 'What the token says of the user; user if absent. It opens nothing.' }),
  })
  .nullish()
  .meta({ examples: [{ user_id: 'my-user', role: 'user' }] });

export const refreshBody = z
  .object({ refresh_token: text.nullish() })
  .nullish()
  .meta({ examples: [{ refresh_token: 'eyJhbGci…' }] });

export const tokens = z
  .object({
    access_token: text,
    refresh_token: text.meta({ description: 'Good for seven days, and for new tokens alone.' }),
    token_type: z.literal('Bearer'),
    expires_in: text.meta({ description: 'Seconds, as a text.' }),
  })
  .meta({
    id: 'CloudTokens',
    examples: [
      { access_token: 'eyJhbGci…', refresh_token: 'eyJhbGci…', token_type: 'Bearer' as const, expires_in: '86400' },
    ],
  });
