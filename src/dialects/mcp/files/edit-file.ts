import { z } from 'zod';
import { toAbsolutePath } from '../../../files/paths.ts';
import { textBlock } from '../blocks.ts';
import { anyText, path } from '../fields.ts';
import { fitText } from '../long-text.ts';
import { answer, defineTool } from '../tool.ts';

/** `edit_file`: replaces a text that occurs once, or all that are the same. */
export const editFile = defineTool({
  name: 'edit_file',
  description: 'Replace old_text, which must occur exactly once, or with replace_all at least once. Shows the diff.',
  hints: {},
  shape: {
    path,
    old_text: anyText.min(1, 'must not be empty'),
    new_text: anyText,
    replace_all: z.boolean().optional(),
  },
  run: async ({ path, old_text: old, new_text: text, replace_all: isAll = false }, call) => {
    const { core, ref, signal } = call;
    const edit = { old, new: text, count: isAll ? 0 : 1 };
    const { replaced, diff } = await core.tree.edit(ref, toAbsolutePath(path), [edit], signal);
    const fitted = await fitText(diff, call);
    return answer(textBlock(fitted.text, `[${replaced} replaced]`));
  },
});
