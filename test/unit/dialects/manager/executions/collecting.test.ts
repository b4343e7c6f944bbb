import { expect, it } from 'vitest';
import { collect } from '../../../../../src/dialects/manager/executions/collecting.ts';
import type { ProcessEvent } from '../../../../../src/processes/events.ts';

const MOST = 10_485_760;

async function* written(...texts: readonly string[]): AsyncGenerator<ProcessEvent> {
  for (const text of texts) yield { type: 'stdout', text } as ProcessEvent;
}

it('keeps the first ten mebibytes of what a command writes, however long its pieces are', async () => {
  const { output, stdout } = await collect(written('a'.repeat(MOST - 3), 'b'.repeat(MOST), 'c'));
  const [kept, told] = [output.slice(0, MOST), output.slice(MOST)];
  expect(kept.endsWith('abbb')).toBe(true);
  expect(told).toMatch(/^\n\[The rest of the output is left out\.\]\n$/);
  expect(stdout).toBe(output);
});

it('cuts no character in half', async () => {
  const { output } = await collect(written('a'.repeat(MOST - 1), '📈📈'));
  expect(output.slice(MOST - 2, MOST)).toBe('a\n');
});
