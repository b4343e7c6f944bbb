import { z } from 'zod';
import { unicodeText } from '../../http/validation/unicode-text.ts';
import { path, usually } from '../fields.ts';

export { hasNoNul, path } from '../fields.ts';

/** Without the flag `u`, which the page at /docs does not set: `\\P{Cc}` would refuse every text there. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it refuses
export const NO_CONTROL_CHARACTERS = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** The id of a context. */
export const contextId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must have 1 to 64 letters, digits, dots, dashes and underscores');

export const filePath = path.meta({
  description: 'In the sandbox; absolute, or relative to /workspace.',
  examples: ['/workspace/hello.txt'],
});

export const folderPath = path.meta({
  description: 'In the sandbox; absolute, or relative to /workspace.',
  examples: ['/workspace'],
});

/** A file that every sandbox has from its start. */
export const presentPath = path.meta({
  description: 'In the sandbox; absolute, or relative to /workspace.',
  examples: ['/etc/os-release'],
});

export const timeout = (seconds: number) =>
  usually(
    z.int('must be a whole number of seconds').min(1, 'must be 1 or more').max(604_800, 'is too long'),
    seconds,
  ).meta({
    description:
      'Seconds until everything that was started is killed: up to 300, of a stream up to SANDBOX_TIMEOUT_MAX of the server.',
  });

export const userParams = z.object({
  user_id: unicodeText()
    .min(1, 'must not be empty')
    .refine((id) => [...id].length <= 256, 'must have 256 characters or fewer')
    .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
    .meta({
      maxLength: 256,
      description: 'Any id of a user; upper and lower case differ.',
      examples: ['discord-123456789'],
    }),
});

/** How names in an archive are encoded; that Python knows it, only the sandbox can tell. */
export const nameEncoding = z
  .string()
  .regex(/^[\w .:-]{1,64}$/, 'must be the name of an encoding, such as gbk or shift_jis')
  .meta({
    description:
      'What the names in the archive are encoded in where it does not say so itself, as Python calls it: gbk, shift_jis, cp866. Absent: UTF-8 where they are that, else the code page of DOS in a zip.',
  });

/** Bytes of any size, which stream past the schemas. */
export const bytes = z.unknown().meta({ type: 'string', format: 'binary' });

/** Answers without a body. */
export const headersOnly = z.null().describe('The headers of the download.');
