import { SandboxError } from '../../errors.ts';
import type { SystemCallFilter } from '../engine.ts';
import { ABSENT_CALLS, type ArgumentRule, CHECKED_CALLS, PLAIN_CALLS, TRACING_CALL } from './system-calls.ts';

const ALLOW = 'SCMP_ACT_ALLOW';
const REFUSE = 'SCMP_ACT_ERRNO';

/** The error number of a call that the kernel does not have, on all of Linux's 64-bit machines. */
const ENOSYS = 38;

/**
 * This project's own filter in Docker's format: what is not listed answers EPERM. It names no architecture, so it holds for
 * the machine's own, and a program that calls the kernel as one of 32 bits is ended.
 * https://docs.docker.com/engine/security/seccomp/
 */
export function toSeccompProfile(): string {
  return JSON.stringify({
    defaultAction: REFUSE,
    syscalls: [
      { names: PLAIN_CALLS, action: ALLOW },
      ...CHECKED_CALLS.map(({ name, rules }) => ({ names: [name], action: ALLOW, args: rules.map(toCondition) })),
      { names: [TRACING_CALL.name], action: ALLOW, includes: { minKernel: TRACING_CALL.minKernel } },
      { names: ABSENT_CALLS, action: REFUSE, errnoRet: ENOSYS },
    ],
  });
}

/** Throws `invalid` where the engine cannot hold the filter that is asked for: no container runs without one. */
export function requireFilter(possible: readonly SystemCallFilter[], wanted: SystemCallFilter): void {
  if (possible.includes(wanted)) return;
  const reason =
    possible.length === 0
      ? 'the engine or its kernel cannot filter system calls'
      : 'the engine is set to filter no system calls by default (seccomp-profile in daemon.json)';
  throw new SandboxError('invalid', `SANDBOX_DOCKER_SECCOMP=${wanted} does not work here: ${reason}.`);
}

function toCondition({ index, value, mask }: ArgumentRule) {
  if (mask === undefined) return { index, value, op: 'SCMP_CMP_EQ' };
  return { index, value: mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
}
