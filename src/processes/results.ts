import { z } from 'zod';
import { type ShownException, shownException } from '../agent/calls/processes.ts';

/** Bounds of what one run may show, which its interpreter keeps to; what code sends past it is checked here. */
const MAX_RESULTS = 1000;
const MAX_BYTES = 28 * 2 ** 20;
const MAX_LINES = 10_000;
/** A picture of 5 MB in base64, and what is around it. */
const MAX_LINE = 9 * 2 ** 20;
const MAX_TYPES = 100;

/** By MIME type; only counted, as JSON has been parsed of it: nonsense of many members must not take long. */
const bundle = z.custom<Readonly<Record<string, unknown>>>((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  let left = MAX_TYPES;
  for (const type in value) {
    left -= 1;
    if (left < 0 || type.length > 255) return false;
  }
  return true;
});

const line = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('result'),
    data: bundle,
    metadata: bundle,
    is_main: z.boolean(),
    display_id: z.string().max(1024).nullable(),
    update: z.boolean(),
  }),
  z.object({ type: z.literal('clear_output'), wait: z.boolean() }),
  shownException.extend({ type: z.literal('error') }),
  z.object({ type: z.literal('truncated') }),
  z.object({ type: z.literal('input_request'), prompt: z.string().max(25_000), password: z.boolean() }),
]);

/** A line that an interpreter sends of what its code shows. */
export type ShownLine = z.infer<typeof line>;

/** A value that code has shown, in all its representations. */
interface ShownResult {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** True for the value of the last expression. */
  readonly isMain: boolean;
}

/** What a run has shown, as one who looks at its end sees it. */
export interface Shown {
  readonly results: readonly ShownResult[];
  readonly isTruncated: boolean;
  readonly exception: ShownException | null;
}

/** What a run has shown that has shown nothing. */
export const NOTHING_SHOWN: Shown = { results: [], isTruncated: false, exception: null };

/** Folds what an interpreter sent, a line of JSON each: updates take the place of what they update, and what was cleared is gone. */
export function foldShown(bytes: Buffer, isCut: boolean): Shown {
  if (bytes.length === 0) return isCut ? { ...NOTHING_SHOWN, isTruncated: true } : NOTHING_SHOWN;
  let results: (ShownResult & { readonly displayId: string | null })[] = [];
  let isTruncated = isCut || bytes.length > MAX_BYTES;
  let exception: ShownException | null = null;
  let clearsNext = false;
  let left = MAX_BYTES;
  const lines = bytes.toString('utf8').split('\n', MAX_LINES + 1);
  // Half a line is the last one where there was no room for more.
  if (lines.pop() !== '') isTruncated = true;
  for (const text of lines) {
    left -= text.length + 1;
    const shown = left < 0 ? null : parseShownLine(text);
    // It is too long, or holds what no result may hold.
    if (!shown) isTruncated ||= text !== '';
    else if (shown.type === 'truncated') isTruncated = true;
    else if (shown.type === 'error') exception = { name: shown.name, value: shown.value, traceback: shown.traceback };
    else if (shown.type === 'input_request') continue;
    else if (shown.type === 'clear_output') {
      clearsNext = shown.wait;
      if (!shown.wait) results = [];
    } else {
      const result = toResult(shown);
      if (shown.update) {
        results = results.map((each) =>
          each.displayId !== null && each.displayId === result.displayId ? { ...result, isMain: each.isMain } : each,
        );
        continue;
      }
      if (clearsNext) results = [];
      clearsNext = false;
      if (results.length < MAX_RESULTS) results.push(result);
      else isTruncated = true;
    }
  }
  return { results: results.map(({ displayId: _, ...result }) => result), isTruncated, exception };
}

function toResult({ data, metadata, is_main: isMain, display_id: displayId }: ShownLine & { type: 'result' }) {
  return { data, metadata, isMain, displayId };
}

/** A line that is what it should be; null for any other, as code can write there too. */
export function parseShownLine(text: string): ShownLine | null {
  if (text === '' || text.length > MAX_LINE) return null;
  try {
    const parsed = line.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
