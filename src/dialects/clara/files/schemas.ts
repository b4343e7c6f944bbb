import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { isBase64 } from '../../base64.ts';
import { usually } from '../../fields.ts';
import { filePath, folderPath, nameEncoding, path, presentPath } from '../fields.ts';

export const listQuery = z.object({ path: folderPath.default(WORKSPACE) });

export const fileQuery = z.object({ path: filePath });

export const readQuery = z.object({ path: presentPath });

export const writeBody = z
  .object({
    path,
    content: unicodeText(),
    encoding: usually(z.enum(['utf-8', 'base64']), 'utf-8'),
  })
  .refine(({ content, encoding }) => encoding !== 'base64' || isBase64(content), {
    path: ['content'],
    error: 'is not valid base64',
  })
  .meta({ examples: [{ path: '/workspace/hello.txt', content: 'Hello' }] });

export const unzipBody = z
  .object({
    path,
    destination: path.nullish().meta({ description: "Where to; the archive's folder if absent." }),
    encoding: nameEncoding.nullish(),
  })
  .meta({ examples: [{ path: '/workspace/data.zip', destination: '/workspace/data' }] });

export const fileResponse = z
  .object({
    path: z.string(),
    content: z.string(),
    encoding: z.enum(['utf-8', 'base64']).meta({ description: 'base64 for files that are not UTF-8.' }),
    size: z.int().meta({ description: 'Bytes.' }),
  })
  .meta({ examples: [{ path: '/workspace/hello.txt', content: 'Hello', encoding: 'utf-8', size: 5 }] });
