import { z } from 'zod';
import { environment, moment, programPart, text } from '../fields.ts';
import { volume, volumeConfig, volumeName } from '../files/volume-schemas.ts';
import { size, toBytes } from '../sizes.ts';

/** The least that a sandbox runs with, in bytes. */
const MIN_MEMORY = 64 * 2 ** 20;

export const resources = z.object({
  cpu: z.number().min(0.1).max(8).nullish().meta({ description: '1 if absent.' }),
  memory: size
    .refine((value) => toBytes(value) >= MIN_MEMORY, 'must be 64m or more')
    .nullish()
    .meta({ description: '512m if absent.' }),
  gpu: text(64).nullish(),
  timeout: z.int().min(1).max(31_536_000).nullish().meta({
    description: 'Seconds from its start until it is stopped; absent for never.',
  }),
  max_retries: z.int().min(0).max(1_000).nullish().meta({
    description: 'How often a main process that fails is started again.',
  }),
});

/** Labels of hosts that are no subdomains: those that mean ports, and those that an operator has for other things. */
const RESERVED_SUBDOMAIN = /^(?:\d+-.*|i[a-z0-9]{20,}|www|api|app|admin|mail|docs|-.*|.*-)$/;

const port = z
  .object({
    port: z.int().min(1).max(65_535).nullish(),
    internal: z.int().min(1).max(65_535).nullish().meta({ description: 'The same as port.' }),
    external: z.int().min(1).max(65_535).nullish(),
    protocol: z.enum(['http', 'https', 'tcp', 'udp']).nullish().meta({ description: 'http if absent.' }),
    subdomain: z
      .string()
      .regex(/^[a-z0-9-]{3,63}$/, 'must have 3 to 63 small letters, digits and dashes')
      .refine((value) => !RESERVED_SUBDOMAIN.test(value), 'is kept for something else')
      .nullish(),
  })
  .refine((value) => (value.port ?? value.internal) != null, { path: ['port'], error: 'is missing' })
  .transform((value) => ({
    internal: value.port ?? value.internal ?? 0,
    external: value.external ?? null,
    protocol: value.protocol ?? ('http' as const),
    subdomain: value.subdomain ?? null,
  }));

const ports = z
  .array(port)
  .max(64, 'must have 64 entries or fewer')
  .refine((all) => isDistinct(all.map(({ internal }) => internal)), 'must not name a port twice')
  .refine(
    (all) => isDistinct(all.map(({ internal, external }) => external ?? internal)),
    'must not name an external port twice',
  )
  .refine((all) => isDistinct(all.flatMap(({ subdomain }) => subdomain ?? [])), 'must not name a subdomain twice');

export const createBody = z
  .object({
    image: text(512).regex(
      /^(?:[\w.-]+(?::\d+)?\/)?[\w.-]+(?:\/[\w.-]+)*(?::[\w.-]{1,128}(?:@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})$/,
      'must be a name with a tag, such as python:3.9',
    ),
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'must have 1 to 63 letters, digits, dots, dashes and underscores')
      .nullish(),
    environment: environment.nullish(),
    resources: resources.nullish(),
    command: programPart,
    entrypoint: programPart,
    ports: ports.nullish(),
    auto_remove: z.boolean().nullish().meta({ description: 'Shown, and nothing else; true if absent.' }),
    force_build: z.boolean().nullish(),
    build_context: z.record(z.string(), z.string().max(4096)).nullish().meta({
      description: 'dockerfile, and context_path: <id or name of a sandbox of the key>:<folder in its /workspace>.',
    }),
    volumes: z
      .record(volumeName, volumeConfig)
      .refine((all) => Object.keys(all).length <= 8, 'must have 8 entries or fewer')
      .nullish(),
  })
  .meta({
    examples: [
      {
        image: 'python:3.9',
        command: 'python -m http.server 8080',
        ports: [{ internal: 8080, protocol: 'http' }],
        resources: { cpu: 1, memory: '512m' },
      },
    ],
  });

export const sandbox = z
  .object({
    id: z.int(),
    container_id: z.string().meta({ description: '64 hexadecimal digits that stay, whatever it is recreated for.' }),
    name: z.string(),
    status: z.enum(['created', 'running', 'paused', 'restarting', 'exited', 'dead']),
    image: z.string(),
    command: z.string().nullable(),
    entrypoint: z.string().nullable(),
    resources: z.record(z.string(), z.union([z.number(), z.string()])),
    environment: z.record(z.string(), z.string()),
    created_at: moment,
    started_at: moment.nullable(),
    terminated_at: moment.nullable(),
    last_active: moment,
    exit_code: z.int().nullable().meta({ description: 'Of its main process, once that has ended.' }),
    auto_remove: z.boolean(),
    volumes: z.array(volume),
    networks: z.array(z.string()),
    ports: z.array(
      z.object({
        id: z.int(),
        internal_port: z.int(),
        external_port: z.int(),
        protocol: z.string(),
        url: z.string().nullable(),
      }),
    ),
    urls: z.record(z.string(), z.string()),
  })
  .meta({ id: 'ManagerSandbox' });

export const sandboxList = z.object({ sandboxes: z.array(sandbox) });

export const listQuery = z.object({ status: z.string().max(64).optional() });

export const stopQuery = z.object({
  timeout: z.coerce.number().int().min(0).max(3600).default(10).meta({
    description: 'Seconds that the main process has to end by itself; more than 30 are 30.',
  }),
});

export const urls = z.object({ urls: z.record(z.string(), z.string()) });

function isDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}
