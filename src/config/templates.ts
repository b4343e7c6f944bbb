import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseSize } from '../base/size.ts';

/** Names that clients can send, without a tag. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

const memory = z.string().transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  context.addIssue('must be a size such as 512m or 2g');
  return z.NEVER;
});

const template = z
  .strictObject({
    image: z.string().min(1).optional(),
    memory: memory.optional(),
    cpus: z.number().min(0.1).optional(),
  })
  .transform(({ image, memory: memoryBytes, cpus }) => ({
    ...(image === undefined ? {} : { image }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
  }));

const content = z.record(
  z.string().regex(NAME, 'must be a name of letters, digits, dots, dashes and underscores'),
  template,
);

/** The path of a JSON file with templates by their names, each with `image`, `memory` and `cpus` as it likes; what is in it. */
export const templatesFile = z.string().transform((path, context): z.output<typeof content> => {
  const wrong = (sentence: string) => {
    context.addIssue(sentence);
    return z.NEVER;
  };
  if (!isAbsolute(path)) return wrong('must be an absolute path');
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return wrong(`must be a file of JSON that the server can read (${error instanceof Error ? error.message : error})`);
  }
  const parsed = content.safeParse(read);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return wrong(`names a file with a fault at ${issue?.path.join('.') || 'its beginning'}: ${issue?.message}`);
});
