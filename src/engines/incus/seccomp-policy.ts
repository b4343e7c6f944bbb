import type { ArgumentRule } from '../hardening/argument-rules.ts';
import { ANSWERED_CALLS, CHECKED_CALLS } from '../hardening/checked-calls.ts';
import { PLAIN_CALLS, TRACING_CALL } from '../hardening/system-calls.ts';

/** The machine's own architecture in LXC's words. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'arm64' };

/**
 * This project's own filter as LXC's policy of version 2: what is not listed answers EPERM.
 * https://linuxcontainers.org/lxc/manpages/man5/lxc.container.conf.5.html
 */
export function toSeccompPolicy(architecture: string = process.arch): string {
  return [
    '2',
    'allowlist errno 1',
    `[${ARCHITECTURES[architecture] ?? architecture}]`,
    ...PLAIN_CALLS,
    TRACING_CALL.name,
    ...CHECKED_CALLS.map(({ name, rules }) => `${name} allow ${rules.map(toCondition).join(',')}`.trimEnd()),
    ...ANSWERED_CALLS.map(({ name, rules, errno }) =>
      `${name} errno ${errno} ${rules.map(toCondition).join(',')}`.trimEnd(),
    ),
  ].join('\n');
}

function toCondition(rule: ArgumentRule): string {
  const { index } = rule;
  if (rule.kind === 'bits') return `[${index},${rule.value},SCMP_CMP_MASKED_EQ,${rule.mask}]`;
  return `[${index},0,${rule.kind === 'null' ? 'SCMP_CMP_EQ' : 'SCMP_CMP_NE'}]`;
}
