import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FRAME } from '../../../src/agent/wire/codec.ts';
import { EGRESS_DEADLINES } from '../../../src/egress/connections/deadlines.ts';
import { Egress } from '../../../src/egress/connections/egress.ts';
import { EgressLog, EgressLogs, type Verdict } from '../../../src/egress/egress-log.ts';
import { hostileAgent } from '../../support/hostile-agent.ts';

const FOLD_MS = 10_000;

interface Line {
  readonly [name: string]: unknown;
}

let nowMs: number;
let lines: [Line, string | undefined][];

const clock = { wallMs: () => 0, monotonicMs: () => nowMs };
const logger = { info: (line: Line, message?: string) => void lines.push([line, message]) };

beforeEach(() => {
  nowMs = 0;
  lines = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => vi.useRealTimers());

const connection = (verdict: Verdict) => ({ host: 'a.example', port: 443, verdict });

const logOf = (sandbox: string, all = new EgressLogs(logger, clock)) => new EgressLog(all, sandbox);

describe('the log of a sandbox', () => {
  it('has a line for each connection that was made, and a number for those beyond a thousand at once', () => {
    const log = logOf('u');
    for (let count = 0; count < 1_200; count += 1) log.write(connection('allowed'));
    expect(lines).toHaveLength(1_000);
    vi.advanceTimersByTime(FOLD_MS);
    expect(lines.slice(1_000)).toEqual([[{ sandbox: 'u', allowed: 200 }, 'egress in bulk']]);
    nowMs = 1_000;
    for (let count = 0; count < 20; count += 1) log.write(connection('allowed'));
    expect(lines).toHaveLength(1_011);
  });

  it('has a line with numbers for those that were not, once there are many', () => {
    const log = logOf('u');
    for (let count = 0; count < 1_000; count += 1) log.write(connection('denied'));
    for (let count = 0; count < 500; count += 1) log.fold('cancelled');
    expect(lines).toHaveLength(100);
    vi.advanceTimersByTime(FOLD_MS);
    expect(lines.slice(100)).toEqual([[{ sandbox: 'u', denied: 900, cancelled: 500 }, 'egress in bulk']]);
    vi.advanceTimersByTime(FOLD_MS);
    expect(lines).toHaveLength(101);
    nowMs = 1_000;
    for (let count = 0; count < 10; count += 1) log.write(connection('unreachable'));
    expect(lines).toHaveLength(106);
  });

  it('counts for the name that the sandbox had then', () => {
    const log = logOf('pool-1');
    log.fold('limit');
    log.nameAs('u');
    log.write(connection('denied'));
    expect(lines).toEqual([
      [{ sandbox: 'pool-1', limit: 1 }, 'egress in bulk'],
      [{ sandbox: 'u', ...connection('denied') }, 'egress'],
    ]);
  });

  it('has no more of a host than a name can have', () => {
    logOf('u').write({ ...connection('invalid'), host: '\0'.repeat(1_024) });
    expect(lines[0]?.[0].host).toBe('\0'.repeat(256));
  });
});

describe('the logs of all sandboxes', () => {
  it('have a number of lines together at the most, and all numbers when the server ends', () => {
    const all = new EgressLogs(logger, clock);
    for (let sandbox = 0; sandbox < 10; sandbox += 1) {
      const log = logOf(`u${sandbox}`, all);
      for (let count = 0; count < 1_000; count += 1) log.write(connection('allowed'));
    }
    expect(lines).toHaveLength(5_000);
    all.flush();
    expect(lines.slice(5_000)).toEqual(
      [5, 6, 7, 8, 9].map((number) => [{ sandbox: `u${number}`, allowed: 1_000 }, 'egress in bulk']),
    );
    all.flush();
    vi.advanceTimersByTime(FOLD_MS);
    expect(lines).toHaveLength(5_005);
  });
});

describe('an agent that opens connections and cancels them, as fast as it can', () => {
  it('gets its answers, and costs a few lines of log', async () => {
    const egress = new Egress({
      deadlines: EGRESS_DEADLINES,
      rules: { allow: [], deny: [] },
      limits: { maxConnections: 64, bytesPerSecond: 0, maxBytes: 0 },
      localHost: { isOwn: () => false, isGuarded: () => false },
      resolver: async () => [],
      clock,
      logger,
    });
    const sandbox = egress.forSandbox('u');
    const agent = hostileAgent({ onOpen: sandbox.onOpen });
    let answers = 0;
    agent.far.on('data', (chunk: Buffer) => {
      answers += chunk.toString('latin1').split('"code"').length - 1;
    });
    const flood = 5_000;
    let sent = 0;
    let seconds = 0;
    while (answers < flood) {
      if (sent < flood) {
        sent += 1;
        const id = 2 * sent;
        agent.frame(FRAME.OPEN, id, { op: 'dial', host: '10.0.0.1', port: 1 });
        agent.frame(FRAME.CANCEL, id);
      }
      if (sent % 100 === 0) await new Promise(setImmediate);
      if (sent % 100 !== 0) continue;
      vi.advanceTimersByTime(100);
      seconds += 0.1;
    }
    vi.advanceTimersByTime(FOLD_MS);
    expect(agent.connection.isOpen).toBe(true);
    // A hundred, then five a second; and one in ten seconds for the rest.
    expect(lines.length).toBeLessThanOrEqual(100 + 6 * Math.ceil(seconds) + 1);
    const total = lines.reduce((sum, [{ limit = 0, cancelled = 0, verdict }]) => {
      return sum + Number(limit) + Number(cancelled) + (verdict === undefined ? 0 : 1);
    }, 0);
    expect(total).toBe(flood);
    expect(sandbox.counters.refused + sandbox.counters.failed).toBe(flood);
    expect(sandbox.counters.open).toBe(0);
  });
});
