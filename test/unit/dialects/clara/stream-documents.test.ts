import { describe, expect, it } from 'vitest';
import { changeEvent, watchStream } from '../../../../src/dialects/clara/fs/watch-schemas.ts';
import * as runs from '../../../../src/dialects/clara/processes/event-schemas.ts';
import { toStream } from '../../../../src/dialects/clara/processes/mapping.ts';
import { usageEvent, usageStream } from '../../../../src/dialects/clara/sandboxes/state-schemas.ts';
import type { StreamEvent } from '../../../../src/http/streams/events.ts';
import type { ProcessEvent } from '../../../../src/processes/events.ts';
import type { Execution } from '../../../../src/processes/executions.ts';
import { NOTHING_SHOWN, parseShownLine } from '../../../../src/processes/results.ts';

const flat = ({ id, event, data }: StreamEvent) => ({ ...(id === undefined ? {} : { id }), event, ...data });

const { runEvent, ...streams } = runs;

describe('the document of a stream', () => {
  it.each([
    ...Object.entries(streams).map(([name, stream]) => [name, runEvent, stream] as const),
    ['watchStream', changeEvent, watchStream] as const,
    ['usageStream', usageEvent, usageStream] as const,
  ])('has an example that its schema describes: %s', (_name, schema, { example }) => {
    for (const event of example) expect(schema.parse(flat(event))).toEqual(flat(event));
  });

  it('describes all that a run says', async () => {
    const shown = [
      { type: 'result', data: { 'text/plain': '1' }, metadata: {}, is_main: true, display_id: 'a', update: true },
      { type: 'clear_output', wait: true },
      { type: 'error', name: 'ValueError', value: 'no', traceback: ['line'] },
      { type: 'input_request', prompt: '? ', password: true },
      { type: 'nonsense' },
    ].map((one): ProcessEvent => {
      const line = JSON.stringify(one);
      return { id: 5, type: 'shown', line, shown: parseShownLine(line) };
    });
    const execution: Execution = {
      stdout: '',
      stderr: '',
      exitCode: 1,
      durationMs: 4,
      timedOut: false,
      oomKilled: false,
      truncated: false,
      signal: null,
      notice: null,
      memoryLimitBytes: 2 ** 29,
      shown: NOTHING_SHOWN,
      files: { changes: [{ path: '/workspace/a', size: null, change: 'deleted' }], truncated: false },
    };
    const cell = { executionCount: 3, isRestarted: true };
    async function* events(): AsyncGenerator<ProcessEvent> {
      yield { id: 1, type: 'start', processId: 1, pid: null, startedAtMs: 0 };
      yield { id: 1, type: 'opened' };
      yield { id: 2, type: 'gap', bytes: 7 };
      yield { id: 2, type: 'stdout', text: 'a', bytes: Buffer.from('a') };
      yield { id: 3, type: 'stderr', text: 'b', bytes: Buffer.from('b') };
      yield* shown;
      yield { id: 9, type: 'exit', execution, lastLine: 'b', cell, isCode: true };
      yield { id: 9, type: 'exit', execution, lastLine: '', cell: null, isCode: false };
    }
    const told: StreamEvent[] = [];
    for await (const event of toStream(events(), 30)) told.push(event);
    expect(told.map(({ event }) => event)).toEqual(
      'start ping gap stdout stderr result clear_output error input_request ping exit exit'.split(' '),
    );
    for (const event of told) expect(runEvent.parse(flat(event))).toEqual(flat(event));
  });
});
