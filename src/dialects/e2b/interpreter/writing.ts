import { toJsonLine } from '../../../http/streams/json-line.ts';
import { orSilence } from '../../../http/streams/silence.ts';
import { stringify } from './json-text.ts';
import type { Line } from './lines.ts';

/** How long an answer is silent at most, in milliseconds. */
const PING_MS = 5_000;

const PING: Line = { type: 'keepalive' };

/** Lines as texts, of which the first has come already, with signs of life between them. */
export async function* toTexts(first: IteratorResult<Line>, lines: AsyncGenerator<Line>): AsyncGenerator<string> {
  try {
    let next: Promise<IteratorResult<Line>> = Promise.resolve(first);
    for (;;) {
      const result = await orSilence(next, PING_MS);
      if (result?.done) return;
      yield toJsonLine(stringify(result ? result.value : PING));
      if (result) next = lines.next();
    }
  } finally {
    await lines.return(undefined);
  }
}
