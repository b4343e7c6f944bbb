import { describe, expect, it } from 'vitest';
import type { ProcessEnd, ProcessFacts } from '../../../src/agent/calls/processes.ts';
import { EventReader } from '../../../src/processes/events.ts';

const COUNT = { bytes: 0, omitted: 0 };
const END = {
  exitCode: 1,
  signal: null,
  timedOut: false,
  cancelled: false,
  oomKilled: false,
  durationMs: 1,
  stdout: COUNT,
  stderr: COUNT,
};

/** What the exit of a process that ended so tells its user besides. */
function noticeOf(end: ProcessEnd): string | null | undefined {
  const [event] = [...new EventReader(2 ** 28).read({ kind: 'end', id: 2, end })];
  return event?.type === 'exit' ? event.execution.notice : undefined;
}

describe('what a reader has missed', () => {
  const facts = { id: 1, pid: 5, startedAtMs: 0 } as ProcessFacts;
  const opening = { kind: 'opening', next: 4, first: 4, lostBytes: 100, offsetBytes: 100, facts } as const;
  const output = { kind: 'output', stream: 'stdout', bytes: Buffer.alloc(10) } as const;
  const gapsOf = (after: number) => {
    const reader = new EventReader(2 ** 28, after);
    const frames = [opening, output, output, { kind: 'gap', next: 9, lostBytes: 150 }, output] as const;
    return frames.flatMap((frame) => [...reader.read(frame)]).filter(({ type }) => type === 'gap');
  };

  it('is what was said behind the last that it was told, and nothing that it was told', () => {
    expect(gapsOf(0)).toEqual([
      { id: 4, type: 'gap', bytes: 100 },
      { id: 9, type: 'gap', bytes: 30 },
    ]);
  });

  it('is nothing at first for one who knows all that is not kept', () => {
    expect(gapsOf(3)).toEqual([{ id: 9, type: 'gap', bytes: 30 }]);
  });
});

describe('the exit of a process', () => {
  it('says that everything else had to end to make room for it', () => {
    expect(noticeOf({ ...END, exitCode: 0, cleared: true })).toContain('no room for another process');
  });

  it('says that Python never got to the program, where it says nothing itself', () => {
    expect(noticeOf({ ...END, brokenStart: true })).toContain('before it got to the program');
    expect(noticeOf({ ...END, brokenStart: true, stderr: { bytes: 5, omitted: 0 } })).toBeNull();
    expect(noticeOf({ ...END, brokenStart: true, exitCode: 0 })).toBeNull();
  });

  it('ends with the last line of stderr, of which it has 4 KiB and no half character', () => {
    const reader = new EventReader(2 ** 28);
    const bytes = Buffer.from(`first\n${'é'.repeat(4000)}!\n`);
    const told = [
      ...reader.read({ kind: 'output', stream: 'stderr', bytes }),
      ...reader.read({ kind: 'end', id: 3, end: END }),
    ];
    const exit = told.at(-1);
    expect(exit?.type === 'exit' && exit.lastLine).toBe(`${'é'.repeat(2047)}!`);
  });

  it('says that something which was shown is not told', () => {
    const exitOf = (line: string) => {
      const reader = new EventReader(2 ** 28);
      const part = { kind: 'part', bytes: Buffer.from(line) } as const;
      const frames = [part, { kind: 'shown', id: 2 }, { kind: 'end', id: 3, end: END }] as const;
      const exit = frames.flatMap((frame) => [...reader.read(frame)]).at(-1);
      return exit?.type === 'exit' && exit.execution.shown.isTruncated;
    };
    expect(exitOf('{"type": "clear_output", "wait": false}')).toBe(false);
    expect(exitOf(`{"type": "clear_output", "wait": false}${' '.repeat(9 * 2 ** 20)}`)).toBe(true);
    expect(exitOf('nonsense')).toBe(true);
  });

  it('says nothing of an ordinary end, and why where it could not start', () => {
    expect(noticeOf(END)).toBeNull();
    expect(noticeOf({ failure: { code: 'not_found', message: 'There is no such folder.' } })).toBe(
      'There is no such folder.',
    );
  });
});
