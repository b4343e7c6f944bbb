import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startCell } from '../../../../src/agent/calls/start-cell.ts';
import { FRAME } from '../../../../src/agent/wire/codec.ts';
import { hostileAgent } from '../../../support/hostile-agent.ts';

const process = {
  id: 7,
  about: {},
  pid: 5,
  startedAtMs: 0,
  endedAtMs: null,
  exit: null,
  firstEvent: 1,
  lastEvent: 1,
};
const cell = { code: '1', most: 4, timeoutMs: 60_000, isSilent: false, mostProcesses: 8, about: {} };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

it('a cell whose interpreter takes half a minute to start is waited for as long as it may run, and no agent replaced for it', async () => {
  const agent = hostileAgent();
  await agent.connection.hello;
  const started = startCell(agent.connection, 'thinking', cell);
  vi.advanceTimersByTime(30_000);
  expect(agent.connection.isOpen).toBe(true);
  agent.frame(FRAME.RESULT, 1, process);
  expect(await started).toMatchObject({ id: 7 });
});

it('an agent that does not answer to a cell by then counts as hung', async () => {
  const agent = hostileAgent();
  await agent.connection.hello;
  const started = startCell(agent.connection, 'thinking', cell);
  vi.advanceTimersByTime(80_000);
  await expect(started).rejects.toMatchObject({ code: 'hung' });
});
