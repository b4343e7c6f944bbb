import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createEngineAgent } from '../../../../src/engines/docker/engine-agent.ts';

describe('the agent for the Docker engine', () => {
  it.each(['http', 'https'] as const)('is a word where the %s options of a call are rendered in full', (protocol) => {
    const agent = createEngineAgent(protocol);

    expect(inspect({ agent }, { showHidden: true, depth: null })).toBe('{ agent: Agent }');

    agent.destroy();
  });
});
