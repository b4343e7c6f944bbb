import type { Execution } from '../../../processes/executions.ts';
import type { Shown } from '../../../processes/results.ts';
import { type Block, joinTexts, PICTURE_TYPES, textBlock } from '../blocks.ts';
import { fitText } from '../long-text.ts';
import type { ToolCall } from '../tool.ts';
import { endingOf, outputOf } from './ending.ts';

/** What a run wrote and showed, and how it ended: a text, the pictures, and the last line behind them. */
export async function toContent(
  execution: Execution,
  call: ToolCall,
  facts: readonly string[] = [],
): Promise<readonly Block[]> {
  const { texts, pictures } = sort(execution.shown);
  const traceback = execution.shown.exception?.traceback.join('\n') ?? '';
  // The interpreter writes it on stderr too.
  const stderr = traceback === '' ? execution.stderr : execution.stderr.replace(traceback, '').trimEnd();
  const cut = execution.shown.isTruncated ? '[some of what was shown was too large]' : '';
  const text = joinTexts(outputOf({ stdout: execution.stdout, stderr }), ...texts, traceback, cut);
  const fitted = await fitText(text, call);
  const ending = endingOf(execution, call, { file: fitted.file, facts });
  if (pictures.length === 0) return [textBlock(fitted.text, ending)];
  return [...(fitted.text === '' ? [] : [textBlock(fitted.text)]), ...pictures, textBlock(ending)];
}

/** What was shown, as texts and the pictures beside them. */
function sort({ results }: Shown): { readonly texts: readonly string[]; readonly pictures: readonly Block[] } {
  const pictures: Block[] = [];
  const texts: string[] = [];
  for (const { data } of results) {
    const mimeType = PICTURE_TYPES.find((type) => typeof data[type] === 'string');
    const picture = mimeType === undefined ? undefined : data[mimeType];
    if (mimeType !== undefined && typeof picture === 'string') {
      pictures.push({ type: 'image', data: picture.replace(/\s/g, ''), mimeType });
    } else {
      texts.push(textOf(data));
    }
  }
  return { texts, pictures };
}

/** The best text for a value: as a person would read it. */
function textOf(data: Readonly<Record<string, unknown>>): string {
  for (const type of ['text/markdown', 'text/latex', 'text/plain', 'text/html', 'image/svg+xml']) {
    const text = data[type];
    if (typeof text === 'string') return text;
  }
  return JSON.stringify(Object.values(data)[0] ?? null);
}
