import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { toAbsolutePath, toFilePath } from '../../../files/paths.ts';
import { textBlock } from '../blocks.ts';
import { count, path } from '../fields.ts';
import type { Links } from '../links.ts';
import { answer, defineTool, type Tool } from '../tool.ts';

const EXPIRES = 3600;
const WEEK = 7 * 86_400;

/** `share_file`: a URL by which a file is downloaded or uploaded without a key. */
export function shareFile(links: Links): Tool {
  return defineTool({
    name: 'share_file',
    description: 'A signed URL to download a file, or to upload one by PUT.',
    hints: { destructiveHint: false, openWorldHint: true },
    shape: {
      path,
      mode: z.enum(['download', 'upload'], 'must be download or upload').optional(),
      expires: count(1, WEEK)
        .optional()
        .meta({ description: `seconds, ${EXPIRES} if absent` }),
    },
    run: async ({ path, mode = 'download', expires = EXPIRES }, call) => {
      const { core, ref, signal } = call;
      if (mode === 'upload') {
        const url = await links.ofFile(call, 'PUT', toFilePath(path), expires);
        return answer(textBlock(url, `[PUT the bytes there; good for ${expires} seconds]`));
      }
      const file = toAbsolutePath(path);
      const { type } = await core.tree.stat(ref, file, true, signal);
      if (type !== 'file') throw new SandboxError('invalid', `${file} is no file; pack a folder into one first.`);
      const url = await links.ofFile(call, 'GET', file, expires);
      return answer(textBlock(url, `[good for ${expires} seconds]`));
    },
  });
}
