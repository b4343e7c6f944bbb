import { z } from 'zod';
import { parseSize } from '../../config/fields.ts';
import { parsePattern } from '../../egress/pattern.ts';
import { unicodeText } from '../../http/unicode-text.ts';
import { toRequirements } from '../../processes/requirements.ts';
import { isBase64 } from './files/base64.ts';

/** Without the flag `u`, which the page at /docs does not set: `\\P{Cc}` would refuse every text there. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
const NO_CONTROL_CHARACTERS = /^[^\u0000-\u001f\u007f-\u009f]*$/;

const hasNoNul = (text: string): boolean => !text.includes('\0');

/** A path in the sandbox: absolute, or relative to /workspace. */
const path = unicodeText()
  .min(1, 'must not be empty')
  .max(4096, 'is too long')
  .refine(hasNoNul, 'must not hold a NUL character');

const filePath = path.meta({
  description: 'In the sandbox; absolute, or relative to /workspace.',
  examples: ['/workspace/hello.txt'],
});

const folderPath = path.meta({
  description: 'In the sandbox; absolute, or relative to /workspace.',
  examples: ['/workspace'],
});

/** A file that every sandbox has from its start. */
const presentPath = path.meta({
  description: 'In the sandbox; absolute, or relative to /workspace.',
  examples: ['/etc/os-release'],
});

const timeout = (seconds: number) =>
  z
    .int('must be a whole number of seconds')
    .min(1, 'must be 1 or more')
    .max(300, 'must be 300 or less')
    .default(seconds)
    .meta({ description: 'Seconds until everything that was started is killed.' });

const keepRunning = z.boolean().default(false).meta({
  description: 'True: it goes on, until its timeout at most, although the caller has left. Else it is killed then.',
});

export const userParams = z.object({
  user_id: z
    .string()
    .min(1, 'must not be empty')
    .refine((id) => [...id].length <= 256, 'must have 256 characters or fewer')
    .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
    .meta({
      maxLength: 256,
      description: 'Any id of a user; upper and lower case differ.',
      examples: ['discord-123456789'],
    }),
});

export const createBody = z
  .object({
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
  })
  .meta({ description: 'May be absent.', examples: [{ memory_limit: '512m', cpu_limit: 1 }] })
  .nullish();

export const executeBody = z
  .object({
    code: unicodeText().max(16_777_216, 'is too long').meta({ description: 'Python source.' }),
    description: z.string().nullish().meta({ description: 'For the log of the caller; not used.' }),
    timeout: timeout(30),
    keep_running: keepRunning,
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
  })
  .meta({ examples: [{ package: 'requests' }] });

export const listQuery = z.object({ path: folderPath.default('/workspace') });

export const fileQuery = z.object({ path: filePath });

export const readQuery = z.object({ path: presentPath });

export const writeBody = z
  .object({
    path,
    content: unicodeText(),
    encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
  })
  .refine(({ content, encoding }) => encoding !== 'base64' || isBase64(content), {
    path: ['content'],
    error: 'is not valid base64',
  })
  .meta({ examples: [{ path: '/workspace/hello.txt', content: 'Hello' }] });

/** How names in an archive are encoded; that Python knows it, only the sandbox can tell. */
const nameEncoding = z
  .string()
  .regex(/^[\w .:-]{1,64}$/, 'must be the name of an encoding, such as gbk or shift_jis')
  .meta({
    description:
      'What the names in the archive are encoded in where it does not say so itself, as Python calls it: gbk, shift_jis, cp866. Absent: UTF-8 where they are that, else the code page of DOS in a zip.',
  });

export const unzipBody = z
  .object({
    path,
    destination: path.nullish().meta({ description: "Where to; the archive's folder if absent." }),
    encoding: nameEncoding.nullish(),
  })
  .meta({ examples: [{ path: '/workspace/data.zip', destination: '/workspace/data' }] });

/** The same for routes that no client knew before they were strict. */
export const rawQuery = z.strictObject(fileQuery.shape);

export const downloadQuery = z.strictObject(readQuery.shape);

export const archiveQuery = z.strictObject({
  path: path.meta({
    description: 'In the sandbox; absolute, or relative to /workspace.',
    examples: ['/workspace'],
  }),
  format: z
    .enum(['tar', 'zip'])
    .default('tar')
    .meta({ examples: ['zip'] }),
});

export const archiveUploadQuery = archiveQuery.extend({ path: folderPath, encoding: nameEncoding.optional() });

/** The bytes of a file, which stream past the schemas. */
export const fileBytes = z.unknown().meta({ type: 'string', format: 'binary', examples: ['Hello'] });

/** The same of an archive. */
export const archiveBytes = z
  .unknown()
  .meta({ type: 'string', format: 'binary', examples: ['(the bytes of a tar or zip file)'] });

export const rangeHeaders = z.object({
  range: z.string().optional().meta({ description: 'One range, such as bytes=0-1023, bytes=1024- or bytes=-100.' }),
  'if-match': z.string().optional().meta({ description: 'ETags; the answer is 412 where the file has none of them.' }),
  'if-unmodified-since': z
    .string()
    .optional()
    .meta({ description: 'The answer is 412 where the file was changed after this second.' }),
  'if-none-match': z
    .string()
    .optional()
    .meta({ description: 'ETags; the answer is 304 where the file has one of them.' }),
  'if-range': z.string().optional().meta({ description: 'The range counts only where the file has this ETag.' }),
});

/** Without examples: as they stood they would be refused, by a page that sends what it shows. */
export const conditionHeaders = z.object({
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'Write only over a file with one of these ETags, or * for any.' }),
  'if-none-match': z
    .string()
    .refine((text) => text === '*', 'must be *')
    .optional()
    .meta({ description: '* writes only where there is no file yet.' }),
  'if-unmodified-since': z
    .string()
    .optional()
    .meta({ description: 'Write only over a file that was not changed after this second.' }),
});
