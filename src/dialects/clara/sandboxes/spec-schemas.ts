import { z } from 'zod';
import { parseSize } from '../../../base/size.ts';
import { parsePattern } from '../../../egress/pattern.ts';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { NO_CONTROL_CHARACTERS } from '../fields.ts';

/** What a sandbox may be asked to be made of. */
export const specFields = {
  image: unicodeText()
    .min(1, 'must not be empty')
    .max(512)
    .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
    .nullish(),
  memory_limit: z
    .string()
    .refine((text) => (parseSize(text) ?? 0) >= 64 * 2 ** 20, 'must be a size such as 512m, 64m or more')
    .nullish()
    .meta({ description: 'Up to SANDBOX_DOCKER_MEMORY_MAX of the server, 2g where that is not set.' }),
  cpu_limit: z
    .number()
    .min(0.1)
    .nullish()
    .meta({ description: 'CPUs, up to SANDBOX_DOCKER_CPU_MAX of the server, 4 where that is not set.' }),
  network: z
    .enum(['none', 'proxy'])
    .nullish()
    .meta({ description: 'Never more than the server gives; its own setting if absent.' }),
  egress_allow: z
    .array(
      unicodeText()
        .max(512)
        .refine(
          (text) => parsePattern(text) !== undefined,
          'must be like example.org, *.example.org:443 or 10.0.0.0/8',
        ),
    )
    .max(64)
    .nullish()
    .meta({
      description: 'The only hosts that it may connect to, of those that the server allows; [] is none, ["*"] all.',
    }),
};
