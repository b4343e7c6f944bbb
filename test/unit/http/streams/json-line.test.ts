import { fastify } from 'fastify';
import { describe, expect, it } from 'vitest';
import { toTexts } from '../../../../src/dialects/e2b/interpreter/writing.ts';
import { toServiceLines } from '../../../../src/dialects/k2/executions/service-lines.ts';
import { sendEvents } from '../../../../src/http/streams/events.ts';
import { NOTHING_SHOWN } from '../../../../src/processes/results.ts';

/** Each but the letters ends a line for `str.splitlines` of Python, by which httpx reads lines. */
const TEXT = 'a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\u001dh\u001ei';

const LINE_END = new RegExp([...'\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029'].join('|'));

async function* each<T>(...values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

const nativeLines = (format: 'sse' | 'ndjson') => async () => {
  const app = fastify();
  const events = each({ id: 1, event: 'stdout', data: { text: TEXT } });
  app.get('/', async (_request, reply) => await sendEvents(reply, format, events));
  const { body } = await app.inject('/');
  await app.close();
  return body;
};

const k2Lines = async () => {
  const execution = {
    ...{ stdout: TEXT, stderr: '', exitCode: 0, durationMs: 1, timedOut: false, oomKilled: false, truncated: false },
    ...{ signal: null, notice: null, memoryLimitBytes: 1, shown: NOTHING_SHOWN, files: null },
  };
  return [...toServiceLines({ execution, executionCount: 1, isRestarted: false }, 'python', 1, 1)].join('');
};

const e2bLines = async () => {
  const lines = each<{ type: string; text?: string }>({ type: 'stdout', text: TEXT });
  const first = await lines.next();
  const texts: string[] = [];
  for await (const text of toTexts(first, lines)) texts.push(text);
  return texts.join('');
};

describe('a line of a stream is one line to clients that split lines as Python does', () => {
  it.each([
    ['NDJSON', nativeLines('ndjson')],
    ['server-sent events', nativeLines('sse')],
    ['the service of the later K2 SDK', k2Lines],
    ['E2B’s code interpreter', e2bLines],
  ])('of %s', async (_what, linesOf) => {
    const lines = (await linesOf()).split(LINE_END);
    const texts = lines.flatMap((line) => {
      const json = line.replace(/^data: /, '');
      return json.startsWith('{') ? (JSON.parse(json).text ?? []) : [];
    });
    expect(texts).toEqual([TEXT]);
  });
});
