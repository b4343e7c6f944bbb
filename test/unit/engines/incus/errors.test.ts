import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../../src/base/errors.ts';
import { engineSilent, IncusRefusal, meaningOf, toSandboxError } from '../../../../src/engines/incus/errors.ts';

/** Statuses and words of Incus 6.0.4, as it answered. */
const ANSWERS = [
  [500, 'The instance is already running', 'is-running', 'conflict'],
  [400, 'The instance is already stopped', 'is-stopped', 'conflict'],
  [500, 'The container is already frozen', 'is-frozen', 'conflict'],
  [400, 'Instance is frozen', 'is-frozen', 'conflict'],
  [500, "The instance isn't running", 'not-running', 'conflict'],
  [500, "The container isn't running", 'not-running', 'conflict'],
  [400, 'Instance is not running', 'not-running', 'conflict'],
  [400, 'Instance is running', 'busy', 'conflict'],
  [500, 'UNIQUE constraint failed: instances.project_id, instances.name', 'name-taken', 'conflict'],
  [500, 'Image not provided for instance creation', 'no-image', 'invalid'],
  [500, 'Failed add validation for device "ws": Missing source path "/nowhere" for disk "ws"', 'no-source', 'invalid'],
  [404, 'Failed to fetch instance "x" in project "clara": Instance not found', 'not-found', 'not_found'],
  [404, 'Image alias not found', 'no-image', 'invalid'],
  [500, 'A matching non-reusable operation has now succeeded', 'busy', 'conflict'],
  [400, 'Command not found', 'no-program', 'conflict'],
  [503, 'Daemon is shutting down', 'is-ending', 'unavailable'],
  [503, 'Shutting down', 'is-ending', 'unavailable'],
] as const;

describe('what Incus refuses', () => {
  it.each(ANSWERS)('%d %j means %s', (status, message, meaning, kind) => {
    const refusal = new IncusRefusal(status, message);
    expect(meaningOf(refusal)).toBe(meaning);
    const error = toSandboxError(refusal, 'do it');
    expect(error).toMatchObject({ kind, cause: refusal });
    expect(error.message).toBe(`Incus could not do it: ${message}`);
    expect(meaningOf(error)).toBe(meaning);
  });

  it('has the kind of its status where nobody knows the words', () => {
    expect(toSandboxError(new IncusRefusal(500, 'Quota'), 'x').kind).toBe('unavailable');
    expect(toSandboxError(new IncusRefusal(400, 'Bad'), 'x').kind).toBe('invalid');
    expect(meaningOf(new Error('Instance not found'))).toBeUndefined();
  });

  it('is one error, however often it is translated', () => {
    const error = new SandboxError('timeout', 'Late.');
    expect(toSandboxError(error, 'x')).toBe(error);
  });

  it('says what to do where Incus does not answer', () => {
    const because = (code: string) => engineSilent(Object.assign(new Error(code), { code })).message;
    expect(because('EACCES')).toMatch(/^Permission denied/);
    expect(because('ENOENT')).toMatch(/npm run incus/);
    expect(because('ECONNREFUSED')).toMatch(/does not run/);
    expect(because('EPIPE')).toMatch(/does not answer/);
  });
});
