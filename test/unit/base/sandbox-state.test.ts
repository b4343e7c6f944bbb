import { describe, expect, it } from 'vitest';
import { canTransition, SANDBOX_STATES } from '../../../src/base/sandbox-state.ts';

describe('the states of a sandbox', () => {
  it.each([
    ['absent', 'creating'],
    ['creating', 'running'],
    ['running', 'paused'],
    ['paused', 'running'],
    ['running', 'stopped'],
    ['stopped', 'creating'],
  ] as const)('lead from %s to %s', (from, to) => {
    expect(canTransition(from, to)).toBe(true);
  });

  it.each([
    ['creating', 'paused'],
    ['running', 'creating'],
    ['paused', 'creating'],
  ] as const)('never lead from %s to %s', (from, to) => {
    expect(canTransition(from, to)).toBe(false);
  });

  it('can all be left for absent: every sandbox can be deleted', () => {
    for (const state of SANDBOX_STATES) expect(canTransition(state, 'absent')).toBe(true);
  });
});
