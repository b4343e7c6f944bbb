import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { LANGUAGES, toLanguage } from '../../../processes/languages.ts';
import { toRequirements } from '../../../processes/requirements.ts';
import { usually } from '../../fields.ts';
import { contextId, hasNoNul, timeout } from '../fields.ts';
import { stream, trackFiles } from '../runs/schemas.ts';

const keepRunning = usually(z.boolean(), false).meta({
  description: 'True: it goes on, until its timeout at most, although the caller has left. Else it is killed then.',
});

export const executeBody = z
  .object({
    code: unicodeText().max(16_777_216, 'is too long').meta({ description: 'In that language.' }),
    language: z
      .string()
      .refine((name) => toLanguage(name) !== undefined, `must be one of ${LANGUAGES.join(', ')}`)
      .nullish()
      .meta({
        description: `${LANGUAGES.join(', ')}, of which GET /info lists what the image has; python if absent. In a context: that of the context.`,
      }),
    description: z.string().nullish().meta({ description: 'For the log of the caller; not used.' }),
    timeout: timeout(30),
    keep_running: keepRunning,
    track_files: trackFiles,
    stream,
    context: contextId.nullish().meta({
      description: 'The id of a context, whose variables it uses and keeps; default is made on first use.',
    }),
  })
  .refine(({ code, language }) => toLanguage(language ?? 'python') === 'python' || hasNoNul(code), {
    path: ['code'],
    error: 'must not hold a NUL character',
  })
  .meta({ examples: [{ code: 'print(1 + 1)', timeout: 30 }] });

export const shellBody = z
  .object({
    command: unicodeText()
      .max(16_777_216, 'is too long')
      .refine(hasNoNul, 'must not hold a NUL character')
      .meta({ description: 'Run by bash, or sh where there is no bash.' }),
    timeout: timeout(60),
    keep_running: keepRunning,
    track_files: trackFiles,
    stream,
  })
  .meta({ examples: [{ command: 'ls -la /workspace', timeout: 60 }] });

const MAX_SHOWN = 60;

export const pipInstallBody = z
  .object({
    package: unicodeText()
      .min(1, 'must not be empty')
      .max(4096)
      .refine((text) => !/(?![\t\n\v\f\r])\p{Cc}/u.test(text), 'must not hold control characters')
      .superRefine((text, context) => {
        const requirements = toRequirements(text);
        const option = requirements.find((requirement) => requirement.startsWith('-'));
        if (requirements.length === 0) context.addIssue({ code: 'custom', message: 'must name a package' });
        if (option !== undefined) {
          const message = `must be requirements, not options such as ${option.slice(0, MAX_SHOWN)}; for those run pip in a shell command`;
          context.addIssue({ code: 'custom', message });
        }
      })
      .meta({
        description:
          "One or more requirements, as on pip's command line, in a requirements file or in a list: 'requests pandas>=2', 'a, b', one a line.",
      }),
    timeout: timeout(120),
    stream,
  })
  .meta({ examples: [{ package: 'requests' }] });
