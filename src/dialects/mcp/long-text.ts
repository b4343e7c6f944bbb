import { randomBytes } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import type { ToolCall } from './tool.ts';

/** What an answer may hold of one text, in characters. */
export const MAX_CHARACTERS = 25_000;

/** Of a longer one the answer has this much of its begin and of its end. */
const HEAD = 12_000;
const TAIL = 12_000;

/** Where long texts are kept whole, and how many of them. */
const FOLDER = '/workspace/.out';
const KEPT = 50;

/** How long the sandbox may take to keep one, in milliseconds. */
const WRITE_MS = 30_000;

/** A text that fits into an answer, and where the whole of it is if that is not all. */
interface FittedText {
  readonly text: string;
  readonly file: string | null;
}

/** A text as an answer has it; the whole of a long one is kept in the sandbox, where its user can read on. */
export async function fitText(text: string, call: ToolCall): Promise<FittedText> {
  if (text.length <= MAX_CHARACTERS) return { text, file: null };
  const head = text.slice(0, HEAD).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(-TAIL).replace(/^[\udc00-\udfff]/, '');
  const omitted = text.length - head.length - tail.length;
  const kept = await keep(text, call);
  const where = 'file' in kept ? `the whole is in ${kept.file}` : `it could not be kept: ${kept.failure}`;
  return {
    text: `${head}\n[… ${omitted} characters left out; ${where}]\n${tail}`,
    file: 'file' in kept ? kept.file : null,
  };
}

async function keep(
  text: string,
  { core, ref, signal }: ToolCall,
): Promise<{ readonly file: string } | { readonly failure: string }> {
  // Names rise with time, so that the oldest are first in a list.
  const file = `${FOLDER}/${core.clock.wallMs().toString(36)}-${randomBytes(3).toString('hex')}`;
  try {
    await core.files.write(ref, file, Buffer.from(text), { signal, deadlineMs: WRITE_MS });
    const list = { depth: 1, limit: 2 * KEPT, hidden: false, after: null };
    const { entries } = await core.tree.list(ref, FOLDER, list, signal);
    const old = entries.slice(0, Math.max(0, entries.length - KEPT)).map(({ path }) => path);
    for (const path of old) await core.files.remove(ref, path, { signal, deadlineMs: WRITE_MS });
    return { file };
  } catch (error) {
    if (signal.aborted) throw error;
    return { failure: messageOf(error) };
  }
}
