import { SandboxError } from '../../base/errors.ts';
import type { SystemCallFilter } from '../engine.ts';
import type { ArgumentRule } from '../hardening/argument-rules.ts';
import { ANSWERED_CALLS, CHECKED_CALLS } from '../hardening/checked-calls.ts';
import { PLAIN_CALLS, TRACING_CALL } from '../hardening/system-calls.ts';

const ALLOW = 'SCMP_ACT_ALLOW';
const REFUSE = 'SCMP_ACT_ERRNO';

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
      ...ANSWERED_CALLS.map(({ name, rules, errno }) => ({
        names: [name],
        action: REFUSE,
        errnoRet: errno,
        args: rules.map(toCondition),
      })),
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

function toCondition(rule: ArgumentRule) {
  const { index } = rule;
  if (rule.kind === 'bits') return { index, value: rule.mask, valueTwo: rule.value, op: 'SCMP_CMP_MASKED_EQ' };
  return { index, value: 0, op: rule.kind === 'null' ? 'SCMP_CMP_EQ' : 'SCMP_CMP_NE' };
}
