import { counted } from '../../../base/counted.ts';
import { showName } from '../../../files/names.ts';
import { toAbsolutePath } from '../../../files/paths.ts';
import { textBlock } from '../blocks.ts';
import { count, path, text } from '../fields.ts';
import { fitText } from '../long-text.ts';
import { answer, defineTool } from '../tool.ts';

/** Matches where nothing is said. */
const LIMIT = 100;

/** Why there may be more. */
const REASON = {
  limit: 'there may be more; raise limit',
  time: 'the search took too long; name a smaller folder',
  depth: 'some folders are too deep',
} as const;

/** `search_files`: lines that fit an expression. */
export const searchFiles = defineTool({
  name: 'search_files',
  description: 'Lines of text files that match a regular expression, as file:line:text.',
  hints: { readOnlyHint: true },
  shape: {
    pattern: text
      .min(1, 'must not be empty')
      .max(4096, 'is too long')
      .refine((pattern) => !/[\r\n]/.test(pattern), 'must be within one line: lines are searched one by one'),
    path: path.optional().meta({ description: '/workspace if absent' }),
    glob: text.min(1, 'must not be empty').max(4096, 'is too long').optional().meta({ description: 'such as *.py' }),
    limit: count(1, 1000)
      .optional()
      .meta({ description: `${LIMIT} if absent` }),
  },
  run: async ({ pattern: query, path, glob, limit = LIMIT }, call) => {
    const { core, ref, signal } = call;
    const include = glob === undefined ? [] : [glob];
    const request = { query, regex: true, caseSensitive: true, include, exclude: [], context: 0, limit };
    const { matches, files, reason } = await core.tree.search(ref, toAbsolutePath(path ?? '.'), request, signal);
    const lines = matches.map((match) => `${showName(match.path).shown}:${match.line}:${match.text}`);
    const fitted = await fitText(lines.join('\n'), call);
    const summary = `[${counted(matches.length, 'match', 'matches')} in ${counted(files, 'file', 'files')}${reason === null ? '' : `; ${REASON[reason]}`}]`;
    return answer(textBlock(fitted.text, summary));
  },
});
