import { toSeccompProfile } from '../../src/engines/docker/seccomp.ts';

interface Condition {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}

/** A rule of a profile in Docker's format. */
export interface FilterRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly Condition[];
}

/** The profile that sandboxes get. */
export const profile: { readonly defaultAction: string; readonly syscalls: readonly FilterRule[] } = JSON.parse(
  toSeccompProfile(),
);

/** What the filter says to a call with these arguments: `allowed`, `refused`, or the error number that it answers. */
export function verdictOf(name: string, ...args: readonly (number | bigint)[]): 'allowed' | 'refused' | number {
  const matching = profile.syscalls.filter((rule) => rule.names.includes(name) && holds(rule, args));
  const verdicts = new Set(
    matching.map(({ action, errnoRet }) => (action === 'SCMP_ACT_ALLOW' ? 'allowed' : errnoRet)),
  );
  // libseccomp promises no order among rules, so no two of them may contradict each other.
  if (verdicts.size > 1) throw new Error(`The rules of ${name} contradict each other: ${[...verdicts].join(', ')}`);
  const [verdict] = verdicts;
  return verdict ?? 'refused';
}

function holds({ args = [] }: FilterRule, actual: readonly (number | bigint)[]): boolean {
  return args.every(({ index, value, valueTwo, op }) => {
    const argument = BigInt.asUintN(64, BigInt(actual[index] ?? 0));
    if (op === 'SCMP_CMP_EQ') return argument === BigInt(value);
    if (op === 'SCMP_CMP_NE') return argument !== BigInt(value);
    if (op === 'SCMP_CMP_MASKED_EQ') return (argument & BigInt(value)) === BigInt(valueTwo ?? 0);
    throw new Error(`The test does not know ${op}.`);
  });
}
