import { z } from 'zod';

/** What may be asked for at create, as a record keeps it. */
export const askedSpecSchema = z.object({
  image: z.string().optional(),
  /** The name that was asked for, where that means the image. */
  imageName: z.string().optional(),
  memoryBytes: z.number().optional(),
  cpus: z.number().optional(),
  /** Volumes by their ids, and where each is mounted. */
  volumes: z
    .array(z.object({ id: z.string(), path: z.string() }).readonly())
    .readonly()
    .optional(),
  /** Devices for computing: `all`, how many, or their ids with commas between. */
  gpus: z.string().optional(),
  network: z.enum(['none', 'proxy']).optional(),
  /** Egress patterns: what is left of all that the configuration allows. */
  egressAllow: z.array(z.string()).readonly().optional(),
  /** With these, the rest is all but them, and what `egressAllow` names. */
  egressDeny: z.array(z.string()).readonly().optional(),
});

/** What a client asks for; what is absent follows the configuration. */
export type AskedSpec = z.infer<typeof askedSpecSchema>;
