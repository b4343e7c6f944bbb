import { describe, expect, it } from 'vitest';
import { answerMs, BodyWatch } from '../../../src/gateway/answer-time.ts';

const USUAL_MS = 60_000;
const DAY_SECONDS = 86_400;

/** How long an answer may take to a request with this body. */
function msFor(url: string, body: unknown = null, headers: Readonly<Record<string, string>> = {}): number {
  const watch = new BodyWatch();
  if (body !== null) watch.see(Buffer.from(JSON.stringify(body)));
  return answerMs({ url, headers }, watch.read(), USUAL_MS);
}

describe('how long a gateway waits for the head of an answer', () => {
  it('is the usual time, or what the call may take and some time more', () => {
    expect(msFor('/sandbox/ada/status')).toBe(USUAL_MS);
    expect(msFor('/sandbox/ada/execute', { code: '1' })).toBe(40_000);
    expect(msFor('/sandbox/ada/execute', { code: '1', timeout: 100 })).toBe(110_000);
    expect(msFor('/sandbox/ada/zip?timeout=200')).toBe(210_000);
  });

  it('is for a stream what the longest call takes, or its own timeout', () => {
    const events = { accept: 'text/event-stream' };
    expect(msFor('/sandbox/ada/execute', { code: '1', stream: true })).toBe(310_000);
    expect(msFor('/sandbox/ada/execute', { code: '1', timeout: 5 }, events)).toBe(310_000);
    expect(msFor('/sandbox/ada/execute', { code: '1', timeout: 900 }, events)).toBe(910_000);
    expect(msFor('/sandbox/ada/logs?follow=true')).toBe(310_000);
  });

  it('is for MCP the timeout that the tool is given', () => {
    const accept = { accept: 'application/json, text/event-stream' };
    const call = (args: object) => ({ method: 'tools/call', params: { name: 'run_shell', arguments: args } });
    expect(msFor('/mcp', call({ command: 'true' }), accept)).toBe(310_000);
    expect(msFor('/mcp', call({ command: 'true', timeout: 1_200 }), accept)).toBe(1_210_000);
  });

  it('is as long as timers reach where a timeout is longer, as the life of a sandbox may be', () => {
    expect(msFor('/sandboxes', { timeout: 30 * DAY_SECONDS })).toBe(2 ** 31 - 1);
  });

  it('is the usual one for a body that is no JSON, or says nothing of a number', () => {
    const watch = new BodyWatch();
    watch.see(Buffer.from('{"timeout": '));
    expect(watch.read()).toBeNull();
    for (const timeout of [null, 'soon', -1, {}]) expect(msFor('/x', { timeout })).toBe(USUAL_MS);
  });
});
