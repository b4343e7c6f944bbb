import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';

describe('a sandbox id', () => {
  it.each([
    ['a_b', 'a-b'],
    ['a-b', 'a:b'],
    ['Alice', 'alice'],
    ['x', 'x '],
    ['é', 'e\u0301'],
    [`${'t'.repeat(200)}1`, `${'t'.repeat(200)}2`],
  ])('of %j differs from that of %j', (one, other) => {
    expect(toSandboxId({ namespace: 'clara', id: one })).not.toBe(toSandboxId({ namespace: 'clara', id: other }));
  });

  it('differs between name spaces, and does not depend on where the two parts meet', () => {
    expect(toSandboxId({ namespace: 'a', id: 'bc' })).not.toBe(toSandboxId({ namespace: 'ab', id: 'c' }));
  });

  it('is a harmless name of a folder and of a container for every address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 256 }), (id) => {
        expect(toSandboxId({ namespace: 'clara', id })).toMatch(/^[a-z0-9][a-z0-9-]{0,23}-[0-9a-f]{20}$/);
      }),
    );
  });

  it('begins with something that a person recognises', () => {
    expect(toSandboxId({ namespace: 'clara', id: 'discord-123' })).toMatch(/^discord-123-/);
  });
});
