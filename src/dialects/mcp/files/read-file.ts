import { toAbsolutePath } from '../../../files/paths.ts';
import { type Block, textBlock } from '../blocks.ts';
import { count, path } from '../fields.ts';
import { answer, defineTool } from '../tool.ts';
import { readLines, readPicture } from './reading.ts';

/** Lines where nothing is said. */
const LINES = 2000;

/** `read_file`: numbered lines of a text, or a picture to look at. */
export const readFile = defineTool({
  name: 'read_file',
  description: 'Numbered lines of a text file, or a picture.',
  hints: { readOnlyHint: true },
  shape: {
    path,
    offset: count(1, Number.MAX_SAFE_INTEGER).optional().meta({ description: 'first line, from 1' }),
    limit: count(1, 100_000)
      .optional()
      .meta({ description: `lines, ${LINES} if absent` }),
  },
  run: async ({ path, offset = 1, limit = LINES }, { core, ref, signal }) => {
    const file = toAbsolutePath(path);
    let block: Block | undefined;
    const choose = (_stat: unknown, sizeBytes: number | null) => {
      const lengthBytes = sizeBytes ?? Number.MAX_SAFE_INTEGER;
      return { part: { offset: 0, lengthBytes }, sizeBytes };
    };
    await core.files.download(ref, file, choose, { signal }, async ({ chosen, body }) => {
      if (body === null) return;
      const { head, picture } = await readPicture(body, chosen.sizeBytes);
      block = picture ?? textBlock(await readLines(file, head, body, { offset, limit, sizeBytes: chosen.sizeBytes }));
      body.destroy();
    });
    return answer(block ?? textBlock(`${file} is empty.`));
  },
});
