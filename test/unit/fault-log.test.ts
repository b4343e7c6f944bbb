import { expect, it } from 'vitest';
import { FaultLog } from '../../src/fault-log.ts';

it('faults have a line each, and beyond a hundred at once and one a second a number', () => {
  let nowMs = 0;
  const lines: [unknown, string | undefined][] = [];
  const logger = { error: (line: unknown, message?: string) => void lines.push([line, message]) };
  const log = new FaultLog(logger, { wallMs: () => 0, monotonicMs: () => nowMs });
  const fault = new Error('It failed.');
  for (let count = 0; count < 150; count += 1) log.write(fault);
  expect(lines).toEqual(Array(100).fill([{ err: fault }, 'background work failed']));
  nowMs = 2_000;
  for (let count = 0; count < 5; count += 1) log.write(fault);
  expect(lines).toHaveLength(102);
  log.close();
  expect(lines.slice(102)).toEqual([[{ faults: 53 }, 'background work failed in bulk']]);
});
