import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { toFilePath } from '../../../files/paths.ts';
import { isBase64 } from '../../base64.ts';
import { showBytes, textBlock } from '../blocks.ts';
import { anyText, path } from '../fields.ts';
import { answer, defineTool } from '../tool.ts';

/** How long the sandbox may take, in milliseconds. */
const WRITE_MS = 60_000;

/** `write_file`: a whole file, atomically. */
export const writeFile = defineTool({
  name: 'write_file',
  description: 'Write a whole file; its folders are made.',
  hints: { idempotentHint: true },
  shape: {
    path,
    content: anyText,
    encoding: z.enum(['utf-8', 'base64'], 'must be utf-8 or base64').optional(),
  },
  run: async ({ path, content, encoding = 'utf-8' }, { core, ref, signal }) => {
    if (encoding === 'base64' && !isBase64(content)) throw new SandboxError('invalid', 'content is no valid base64.');
    const bytes = Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8');
    const file = toFilePath(path);
    await core.files.write(ref, file, bytes, { signal, deadlineMs: WRITE_MS });
    return answer(textBlock(`Wrote ${file}, ${showBytes(bytes.length)}.`));
  },
});
