import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const text = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

it('the sandbox image and the agent follow sources by the same file', () => {
  expect(text('images/sandbox/python/sources.py')).toBe(text('agent/clara_agent/python/sources.py'));
});
