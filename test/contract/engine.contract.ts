import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { ContractEngine, type EngineUnderTest } from './contract-engine.ts';
import { describeLife } from './life.ts';
import { describeLooking } from './looking.ts';
import { describePrograms } from './programs.ts';
import { describeRefusals } from './refusals.ts';

/** What every engine promises, as engine.ts has it. */
export function describeEngine(name: string, makeEngine: () => EngineUnderTest): void {
  describe(`${name} as an engine`, () => {
    const tried = new ContractEngine(makeEngine);

    afterEach(() => tried.clear());
    afterAll(() => tried.engine.close());

    it('describes itself', async () => {
      const info = await tried.engine.info();
      expect(info.version).not.toBe('');
      expect(info.cpus).toBeGreaterThan(0);
      expect(info.memoryBytes).toBeGreaterThan(0);
      // Null where sandboxes need none, as the kernel that they call is their own.
      expect(info.seccomp ?? ['strict']).toContain('strict');
      expect(tried.engine.traits.label).not.toBe('');
    });

    describeLife(tried);
    describeLooking(tried);
    describePrograms(tried);
    describeRefusals(tried);
  });
}
