import { describe, expect, it } from 'vitest';
import { isNoneOf } from '../../../../src/engines/hardening/argument-rules.ts';

describe('lower halves that an argument may not have', () => {
  it('are refused, and each other one is let through by exactly one rule', () => {
    const refused = [
      { first: 0, mask: 0 },
      { first: 0x5423, mask: 0 },
      { first: 0x8940, mask: 0x1 },
      { first: 0x8980, mask: 0x7f },
      { first: 0x89a0, mask: 0x1 },
    ];
    const rules = isNoneOf(1, refused);
    const wrong = Array.from({ length: 0x1_0000 }, (_, value) => value).filter((value) => {
      const holding = rules.filter((rule) => rule.kind === 'bits' && (value & rule.mask) === rule.value).length;
      const isRefused = refused.some(({ first, mask }) => value >= first && value <= first + mask);
      return holding !== (isRefused ? 0 : 1);
    });
    expect(wrong).toEqual([]);
  });
});
