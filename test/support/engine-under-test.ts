import type { Engine } from '../../src/engines/engine.ts';
import { openEngine } from '../../src/modes/open-engine.ts';

/** Whether the integration tests run sandboxes on Incus: CLARA_TEST_ENGINE=incus, once npm run incus has set it up. */
export const IS_INCUS = process.env.CLARA_TEST_ENGINE === 'incus';

/** The engine that the integration tests run sandboxes on. */
export function createTestEngine(): Engine {
  return openEngine(IS_INCUS ? 'incus' : 'docker');
}
