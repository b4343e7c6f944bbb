import { z } from 'zod';

const port = z.object({
  internal: z.int(),
  external: z.int().nullable(),
  protocol: z.enum(['http', 'https', 'tcp', 'udp']),
  subdomain: z.string().nullable(),
});

/** What this dialect keeps in the record of a sandbox beside what the core knows: what was asked for as it was asked. */
const notes = z.object({
  /** The two parts of the main process, as they were written and as lists; null where there is none. */
  entrypoint: z.object({ text: z.string(), words: z.array(z.string()) }).nullable(),
  command: z.object({ text: z.string(), words: z.array(z.string()) }).nullable(),
  resources: z.object({
    cpu: z.number(),
    memory: z.string(),
    gpu: z.string().optional(),
    timeout: z.int().optional(),
    max_retries: z.int().optional(),
  }),
  ports: z.array(port),
  autoRemove: z.boolean(),
});

/** What this dialect keeps of a sandbox in its record. */
export type ManagerNotes = z.infer<typeof notes>;

/** The notes of a record; throws where they are another dialect's. */
export function readNotes(value: unknown): ManagerNotes {
  return notes.parse(value);
}
