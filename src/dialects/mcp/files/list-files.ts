import { posix } from 'node:path';
import type { FileEntry } from '../../../files/file-tree.ts';
import { showName } from '../../../files/names.ts';
import { toAbsolutePath } from '../../../files/paths.ts';
import { type Block, showBytes, textBlock } from '../blocks.ts';
import { count, path, text } from '../fields.ts';
import { fitText } from '../long-text.ts';
import { answer, defineTool, type ToolCall } from '../tool.ts';

/** What one answer lists. */
const MOST = 400;

/** `list_files`: a folder as a tree, or what fits a pattern. */
export const listFiles = defineTool({
  name: 'list_files',
  description: 'A folder as a tree, or what fits a pattern such as **/*.py.',
  hints: { readOnlyHint: true },
  shape: {
    path: path.optional().meta({ description: '/workspace if absent' }),
    pattern: text.min(1, 'must not be empty').max(4096, 'is too long').optional(),
    depth: count(1, 20).optional().meta({ description: '2 if absent' }),
  },
  run: async ({ path, pattern, depth = 2 }, call) => {
    const { core, ref, signal } = call;
    const folder = toAbsolutePath(path ?? '.');
    if (pattern !== undefined) {
      const { entries, truncated } = await core.tree.glob(ref, folder, { pattern, limit: MOST }, signal);
      const found = entries.map((entry) => `${showName(entry.path).shown}${trait(entry)}`);
      const none = `Nothing in ${folder} fits ${pattern}.`;
      return answer(await toBlock(found.length === 0 ? [none] : found, truncated, call));
    }
    const { entries, next } = await core.tree.list(
      ref,
      folder,
      { depth, limit: MOST, hidden: false, after: null },
      signal,
    );
    const tree = entries.map((entry) => toLine(folder, entry));
    return answer(await toBlock([folder, ...(tree.length === 0 ? ['  (empty)'] : tree)], next !== null, call));
  },
});

function toLine(folder: string, entry: FileEntry): string {
  const level = posix.relative(folder, entry.path).split('/').length;
  return `${'  '.repeat(level)}${showName(posix.basename(entry.path)).shown}${trait(entry)}`;
}

function trait({ type, size, target }: FileEntry): string {
  if (type === 'directory') return '/';
  if (type === 'symlink') return ` → ${target === null ? '' : showName(target).shown}`;
  return type === 'file' ? `  ${showBytes(size)}` : '';
}

async function toBlock(lines: readonly string[], isCut: boolean, call: ToolCall): Promise<Block> {
  const { text } = await fitText(lines.join('\n'), call);
  return textBlock(text, isCut ? `[only the first ${MOST}; there are more]` : undefined);
}
