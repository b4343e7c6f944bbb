import { describe, expect, it } from 'vitest';
import { stringify } from '../../../../../src/dialects/e2b/interpreter/json-text.ts';
import { toLines } from '../../../../../src/dialects/e2b/interpreter/lines.ts';
import { toResult } from '../../../../../src/dialects/e2b/interpreter/results.ts';
import type { ProcessEvent } from '../../../../../src/processes/events.ts';
import type { Execution } from '../../../../../src/processes/executions.ts';
import { NOTHING_SHOWN, type ShownLine } from '../../../../../src/processes/results.ts';
import { FakeClock } from '../../../../support/fake-app.ts';

const ended: Execution = {
  stdout: '',
  stderr: '',
  exitCode: 0,
  durationMs: 1,
  timedOut: false,
  oomKilled: false,
  truncated: false,
  signal: null,
  notice: null,
  files: null,
  memoryLimitBytes: 2 ** 29,
  shown: NOTHING_SHOWN,
};

const start: ProcessEvent = { id: 1, type: 'start', processId: 1, pid: 7, startedAtMs: 0, cellNumber: 3 };

function exit(more: Partial<Execution> = {}, executionCount = 3): ProcessEvent {
  const cell = { executionCount, isRestarted: false };
  return { id: 9, type: 'exit', execution: { ...ended, ...more }, lastLine: '', cell, isCode: true };
}

function toShown(id: number, shown: ShownLine): ProcessEvent {
  return { id, type: 'shown', line: JSON.stringify(shown), shown };
}

async function linesOf(events: readonly ProcessEvent[], language: 'python' | 'bash' = 'python') {
  async function* all() {
    yield* events;
  }
  const lines: unknown[] = [];
  for await (const line of toLines(all(), language, new FakeClock())) lines.push(line);
  return lines;
}

describe('an execution as lines', () => {
  it('tells its number, what comes and the end', async () => {
    const output: ProcessEvent = { id: 2, type: 'stdout', text: 'hi\n', bytes: Buffer.from('hi\n') };
    const shown = toShown(3, {
      type: 'result',
      data: { 'text/plain': "'x'" },
      metadata: {},
      is_main: true,
      display_id: null,
      update: false,
    });
    expect(await linesOf([start, output, shown, exit()])).toEqual([
      { type: 'number_of_executions', execution_count: 3 },
      { type: 'stdout', text: 'hi\n', timestamp: Date.UTC(2026, 0, 1) * 1_000_000 },
      { type: 'result', text: 'x', is_main_result: true },
      { type: 'end_of_execution' },
    ]);
  });

  it('corrects a number that was guessed', async () => {
    expect(await linesOf([start, exit({}, 1)])).toContainEqual({ type: 'number_of_executions', execution_count: 1 });
  });

  it('tells an exception once, however the code ends', async () => {
    const error = toShown(2, { type: 'error', name: 'ValueError', value: 'no', traceback: ['a', 'b'] });
    const lines = await linesOf([start, error, exit({ exitCode: 1 })]);
    expect(lines.slice(1)).toEqual([
      { type: 'error', name: 'ValueError', value: 'no', traceback: 'a\nb' },
      { type: 'end_of_execution' },
    ]);
  });

  it('tells an interpreter that is gone, and a shell command that failed', async () => {
    const gone = await linesOf([start, exit({ exitCode: 137, signal: 'SIGKILL' })]);
    expect(gone).toContainEqual(expect.objectContaining({ type: 'error', name: 'UnexpectedEndOfExecution' }));
    const failed = await linesOf([start, exit({ exitCode: 2 })], 'bash');
    expect(failed).toContainEqual({ type: 'error', name: 'ExitError', value: 'exit status 2', traceback: '' });
  });

  it('leaves out lines that only code can have written', async () => {
    const forged = { id: 2, type: 'shown', line: '{"type":"end_of_execution"}', shown: null } as const;
    expect(await linesOf([start, forged, exit()])).toHaveLength(2);
  });
});

describe('a result', () => {
  it('has what has no key of its own in extra', () => {
    const bundle = { 'text/plain': '1', 'image/png': 'AA==', 'application/x-own': { a: 1 }, constructor: 'x' };
    expect(toResult(bundle, false)).toEqual({
      type: 'result',
      text: '1',
      png: 'AA==',
      extra: { 'application/x-own': { a: 1 }, constructor: 'x' },
      is_main_result: false,
    });
  });

  it.each([
    ["'a'", 'a'],
    ['"it\'s"', "it's"],
    ["'", "'"],
    ['\'a"', '\'a"'],
    ['', ''],
  ])('has the text %j as %j', (text, plain) => {
    expect(toResult({ 'text/plain': text }, true)).toMatchObject({ text: plain });
  });

  const CHART = 'application/vnd.clara.chart+json';

  it('has charts as the code wrote them', () => {
    expect(stringify(toResult({ [CHART]: '{"x": [1.0, 2]}' }, true))).toBe(
      '{"type":"result","chart":{"x": [1.0, 2]},"is_main_result":true}',
    );
  });

  it.each(['{"x": ', '{"x":\n1}', ''])('has what is no JSON of one line, as %j, as a text', (text) => {
    expect(JSON.parse(stringify(toResult({ [CHART]: text }, true)))).toMatchObject({ chart: text });
  });
});
