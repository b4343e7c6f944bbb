import { describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../../../src/base/sandbox-address.ts';
import { isBase64 } from '../../../../../src/dialects/base64.ts';
import { toStream } from '../../../../../src/dialects/clara/processes/mapping.ts';
import { toExecutionResponse } from '../../../../../src/dialects/clara/runs/mapping.ts';
import { toSandboxInfo } from '../../../../../src/dialects/clara/sandboxes/mapping.ts';
import { toFileContent } from '../../../../../src/files/content.ts';
import type { Execution } from '../../../../../src/processes/executions.ts';
import { NOTHING_SHOWN } from '../../../../../src/processes/results.ts';
import { DEFAULT_LIFE } from '../../../../../src/sandboxes/asked/life-policy.ts';

const TIMEOUT_SECONDS = 7;

function execution(part: Partial<Execution>): Execution {
  return {
    stdout: '',
    stderr: '',
    exitCode: 0,
    durationMs: 4.2,
    timedOut: false,
    oomKilled: false,
    truncated: false,
    signal: null,
    notice: null,
    memoryLimitBytes: 512 * 2 ** 20,
    shown: NOTHING_SHOWN,
    files: null,
    ...part,
  };
}

describe('an ExecutionResponse', () => {
  it('has no error where all went well', () => {
    expect(toExecutionResponse(execution({ stdout: '1\n' }), 'Execution', TIMEOUT_SECONDS)).toMatchObject({
      success: true,
      output: '1\n',
      error: null,
      exit_code: 0,
      execution_time: 0.0042,
    });
  });

  it('shows stderr on success as well', () => {
    const response = toExecutionResponse(execution({ stderr: 'careful' }), 'Execution', TIMEOUT_SECONDS);
    expect(response).toMatchObject({ success: true, error: 'careful', stderr: 'careful' });
  });

  it('never leaves error null on failure', () => {
    const response = toExecutionResponse(execution({ exitCode: 3 }), 'Execution', TIMEOUT_SECONDS);
    expect(response).toMatchObject({ success: false, error: 'Exit code: 3' });
  });

  it('says that time ran out, and keeps what was written', () => {
    const timedOut = execution({ timedOut: true, exitCode: 124, stdout: 'part', stderr: 'noise' });
    expect(toExecutionResponse(timedOut, 'Execution', TIMEOUT_SECONDS)).toMatchObject({
      success: false,
      output: 'part',
      stderr: 'noise',
      error: 'Execution timed out after 7 seconds',
      exit_code: 124,
    });
    expect(toExecutionResponse(timedOut, 'Command', TIMEOUT_SECONDS).error).toBe('Command timed out after 7 seconds');
  });

  it('says that memory ran out, and how much there was', () => {
    const killed = execution({ exitCode: 137, signal: 'SIGKILL', oomKilled: true });
    expect(toExecutionResponse(killed, 'Execution', TIMEOUT_SECONDS)).toMatchObject({
      error: expect.stringMatching(
        /^Killed: out of memory \(limit 512 MiB\)\nOOM killed: .* SANDBOX_DOCKER_MEMORY, on Incus INCUS_SANDBOX_MEMORY/,
      ),
      oom_killed: true,
      killed_by: 'SIGKILL',
    });
  });
});

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

describe('a SandboxInfo', () => {
  it('has twelve digits of id and six of fraction', () => {
    const info = toSandboxInfo({
      id: toSandboxId({ namespace: 'clara', id: 'teams-29:1Gc' }),
      address: { namespace: 'clara', id: 'teams-29:1Gc' },
      state: 'running',
      engineId: '0123456789abcdef'.repeat(4),
      containerId: '0123456789ab',
      createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
      lastUsedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 0),
      executions: 2,
      image: 'clara-sandbox:latest',
      imageName: null,
      isHalted: false,
      life: DEFAULT_LIFE,
      cwd: '/workspace',
      createdBy: 'bot',
      labels: { team: 'a' },
      name: null,
      startedAtMs: null,
      haltedAtMs: null,
      mainExitCode: null,
      notes: {},
      env: { A: '1' },
      memoryLimitBytes: 2 ** 29,
      volumes: [],
      networks: [],
      previewId: null,
      envNames: ['A'],
      expiresAtMs: Date.UTC(2026, 0, 3),
      awakeBecause: ['terminal'],
      awakeUntilMs: Date.UTC(2026, 0, 2, 9, 4, 5),
      lastStop: { atMs: Date.UTC(2026, 0, 1), reason: 'eviction: cpu' },
      cacheBytes: 0,
      memoryBytes: 1_572_864,
      cpuPercent: 12.345,
      processes: 4,
      disk: { usedBytes: 1_572_864, limitBytes: 5 * 2 ** 30 },
      egress: { allowed: 1, refused: 2, failed: 3, open: 4, sentBytes: 5, receivedBytes: 6 },
    });
    expect(info).toEqual({
      id: expect.stringMatching(/^teams-29-1gc-[0-9a-f]{20}$/),
      image: 'clara-sandbox:latest',
      created_by: 'bot',
      labels: { team: 'a' },
      env: ['A'],
      expires_at: '2026-01-03T00:00:00.000000Z',
      awake_because: ['terminal'],
      awake_until: '2026-01-02T09:04:05.000000Z',
      last_stop: { at: '2026-01-01T00:00:00.000000Z', reason: 'eviction: cpu' },
      user_id: 'teams-29:1Gc',
      container_id: '0123456789ab',
      status: 'running',
      created_at: '2026-01-02T03:04:05.006000Z',
      last_used: '2026-01-02T03:04:05.000000Z',
      execution_count: 2,
      memory_usage_mb: 1.5,
      cpu_percent: 12.35,
      disk_usage_mb: 1.5,
      disk_limit_mb: 5120,
      egress: {
        connections_allowed: 1,
        connections_refused: 2,
        connections_failed: 3,
        connections_open: 4,
        bytes_sent: 5,
        bytes_received: 6,
      },
    });
  });
});

describe('file content', () => {
  it('is text where it is UTF-8, byte order mark included', () => {
    expect(toFileContent(Buffer.from('\ufeffGrüße'))).toEqual({ content: '\ufeffGrüße', encoding: 'utf-8' });
  });

  it('is base64 where it is not', () => {
    expect(toFileContent(Buffer.from([0xff, 0x00]))).toEqual({ content: '/wA=', encoding: 'base64' });
  });
});

describe('base64', () => {
  it.each(['a', 'ab=c', '%%%', 'aGk\u00e9', 'ab=', 'abc==', 'abcd=', 'abcd==', '=', '===='])('is not %j', (text) => {
    expect(isBase64(text)).toBe(false);
  });

  it.each(['', 'aGVsbG8', 'aGVsbG8=', 'aGVs\r\nbG8=\n', 'ab', 'ab=='])('is %j', (text) => {
    expect(isBase64(text)).toBe(true);
  });
});
