import { z } from 'zod';

const engine = z.enum(['docker', 'incus', 'incus-vm', 'remote']).meta({ description: 'What runs sandboxes.' });

export const healthResponse = z
  .object({
    status: z.enum(['healthy', 'unhealthy']),
    docker: z.boolean().meta({ description: 'Whether the engine answers, whichever it is.' }),
    engine,
    version: z.string(),
    service: z.literal('gateway').meta({ description: 'What the guide of another API looks for.' }),
    warnings: z
      .array(z.string())
      .optional()
      .meta({ description: 'What the operator should mend, a sentence each; absent where there is nothing.' }),
  })
  .meta({ examples: [{ status: 'healthy', docker: true, engine: 'docker', version: '0.1.0', service: 'gateway' }] });

export const infoResponse = z
  .object({
    version: z.string(),
    available: z.boolean(),
    docker_version: z.string().meta({ description: 'Of the engine, whichever it is.' }),
    engine,
    engine_reason: z.string().nullable().meta({ description: 'Why it is this one.' }),
    active_sandboxes: z.int().meta({ description: 'That run or are frozen for a user.' }),
    pooled_sandboxes: z.int().meta({ description: 'That are started and wait for a user.' }),
    max_sandboxes: z.int(),
    languages: z.array(z.string()).meta({ description: 'What execute takes as language and the usual image has.' }),
    host_info: z.object({ disk_free_gb: z.number(), disk_total_gb: z.number() }),
  })
  .meta({
    examples: [
      {
        version: '0.1.0',
        available: true,
        docker_version: '27.0.0',
        engine: 'docker',
        engine_reason: 'SANDBOX_MODE asks for docker.',
        active_sandboxes: 3,
        pooled_sandboxes: 2,
        max_sandboxes: 50,
        languages: ['python', 'javascript', 'typescript', 'bash'],
        host_info: { disk_free_gb: 41.2, disk_total_gb: 80 },
      },
    ],
  });
