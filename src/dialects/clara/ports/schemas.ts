import { z } from 'zod';
import { userParams } from '../fields.ts';

const DAY_SECONDS = 86_400;

const portNumber = z.coerce
  .number('must be a port')
  .int('must be a port')
  .min(1, 'must be 1 or more')
  .max(65_535, 'must be 65535 or less');

export const portParams = userParams.extend({
  port: portNumber.meta({ description: 'A TCP port of the sandbox.', examples: [8000] }),
});

/** Nothing: what is unknown is refused. */
export const noQuery = z.strictObject({});

const visibility = z.enum(['private', 'public'], 'must be private or public').meta({
  description: 'Who may reach it: private needs the key or a signed URL, public nothing.',
});

const pathPrefix = z
  .string()
  .max(1024, 'is too long')
  .regex(/^(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*\/?$/, 'must be a path such as /app')
  .refine((path) => path === '' || path.startsWith('/'), 'must begin with a slash')
  .nullish()
  .meta({ description: 'Put in front of the paths that are asked, for an app that serves below one.' });

export const portBody = z
  .strictObject({ visibility, path_prefix: pathPrefix })
  .meta({ examples: [{ visibility: 'public' }] });

export const shareBody = z
  .strictObject({
    expires_in: z
      .int('must be a whole number of seconds')
      .min(1, 'must be 1 or more')
      .max(7 * DAY_SECONDS, `must be ${7 * DAY_SECONDS} or less`)
      .nullish()
      .meta({ description: 'Seconds; 3600 if absent.' }),
  })
  .nullish()
  .meta({ examples: [{ expires_in: 3600 }] });

const PREVIEW = 'http://8000-k3v9x0c2m5q8w1z4t7ab.localhost:8080/';
const URL_OF_PORT = 'http://localhost:8080/sandbox/discord-123456789/ports/8000/';

export const portInfo = z
  .object({
    port: z.int(),
    process: z
      .object({
        id: z.int().nullable().meta({ description: 'Of the kept process that it is or lies below.' }),
        pid: z.int(),
        command: z.string(),
      })
      .nullable()
      .meta({ description: 'Who listens; null where nobody does, or nobody knows.' }),
    visibility: z.enum(['private', 'public']),
    path_prefix: z.string().nullable(),
    url: z.string().meta({ description: 'For programs.' }),
    preview_url: z.string().meta({ description: 'For browsers: an origin of its own.' }),
  })
  .meta({
    id: 'Port',
    examples: [
      {
        port: 8000,
        process: { id: 3, pid: 41, command: 'python3 -m http.server' },
        visibility: 'private',
        path_prefix: null,
        url: URL_OF_PORT,
        preview_url: PREVIEW,
      },
    ],
  });

export const portList = z.object({ ports: z.array(portInfo) });

export const sharedPort = z.object({ url: z.string(), preview_url: z.string(), expires_at: z.string() }).meta({
  id: 'SharedPort',
  examples: [
    {
      url: `${URL_OF_PORT}?signature=bWFzdGVy.7.1769864400.x`,
      preview_url: `${PREVIEW}?signature=bWFzdGVy.7.1769864400.x`,
      expires_at: '2026-01-31T13:00:00.000000Z',
    },
  ],
});
