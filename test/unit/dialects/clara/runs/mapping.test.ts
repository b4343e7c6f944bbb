import { describe, expect, it } from 'vitest';
import { toExecutionResponse } from '../../../../../src/dialects/clara/runs/mapping.ts';
import { execution } from '../../../../support/executions.ts';

const TIMEOUT_SECONDS = 7;

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
