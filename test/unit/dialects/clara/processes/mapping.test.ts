import { describe, expect, it } from 'vitest';
import { toStream } from '../../../../../src/dialects/clara/processes/mapping.ts';
import { execution } from '../../../../support/executions.ts';

describe('the exit in a stream', () => {
  it('says after how long a run was timed out, also to who comes later and does not know what was asked for', async () => {
    const timedOut = execution({ timedOut: true, exitCode: 124, durationMs: 60_003 });
    async function* events() {
      yield { id: 3, type: 'exit', execution: timedOut, lastLine: '', cell: null, isCode: false } as const;
    }
    const told = [];
    for await (const event of toStream(events(), null)) told.push(event);
    expect(told).toMatchObject([{ id: 3, event: 'exit', data: { error: 'Command timed out after 60 seconds' } }]);
  });

  it.each([
    ['of memory', { oomKilled: true, signal: 'SIGKILL' }, '', 'Killed: out of memory (limit 512 MiB)'],
    ['of memory, and said something', { oomKilled: true, signal: 'SIGKILL' }, 'said', 'said'],
    ['of its time, with a notice', { timedOut: true, durationMs: 60_000, notice: 'Room was made.' }, '', /60 seconds$/],
    ['in a way that nobody knows', { notice: 'Why.\nMore.' }, 'said', 'Why.'],
    ['by itself', {}, '', 'Exit code: 137'],
  ])('has one line for why a program ended: %s', async (_why, more, lastLine, error) => {
    async function* events() {
      const ended = execution({ exitCode: 137, stdout: '', stderr: '', ...more });
      yield { id: 3, type: 'exit', execution: ended, lastLine, cell: null, isCode: true } as const;
    }
    const told = [];
    for await (const event of toStream(events(), null)) told.push(event.data.error);
    expect(told).toEqual([error instanceof RegExp ? expect.stringMatching(error) : error]);
  });
});
