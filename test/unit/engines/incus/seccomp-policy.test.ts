import { describe, expect, it } from 'vitest';
import { toSeccompPolicy } from '../../../../src/engines/incus/seccomp-policy.ts';

describe("the strict list as LXC's policy", () => {
  const lines = toSeccompPolicy('x64').split('\n');

  it('is a list of what is allowed, for one architecture', () => {
    expect(lines.slice(0, 3)).toEqual(['2', 'allowlist errno 1', '[x86_64]']);
    expect(toSeccompPolicy('arm64').split('\n')[2]).toBe('[arm64]');
    expect(lines).toContain('read');
  });

  it('compares arguments under masks: the value first, then the mask', () => {
    expect(lines).toContain('clone allow [0,0,SCMP_CMP_MASKED_EQ,2114060288]');
    expect(lines).toContain('prlimit64 allow [1,4,SCMP_CMP_MASKED_EQ,4294967295],[2,0,SCMP_CMP_EQ]');
  });

  it('answers some as a kernel does that lacks them', () => {
    expect(lines).toContain('clone3 errno 38');
    expect(lines).toContain('socket errno 97 [0,16,SCMP_CMP_MASKED_EQ,4294967295]');
  });

  it('lets nothing through that the list lacks', () => {
    const names = new Set(lines.slice(3).map((line) => line.split(' ')[0]));
    for (const name of ['bpf', 'io_uring_setup', 'unshare', 'mount', 'keyctl', 'setns'])
      expect(names).not.toContain(name);
  });
});
