import { describe, expect, it } from 'vitest';
import { namesIn, readDocument } from '../../support/documents.ts';
import { AGENT_RULES } from '../../support/import-rules/agent.ts';

const TOP = 'agent/clara_agent';

const MAY_USE = /May use ([^.]+)\./;

const packages = namesIn(TOP, 'folders').filter((name) => !name.startsWith('_'));

describe("the docstring of a package of the agent's", () => {
  it.each(packages)('names the packages that its rule does: %s', (name) => {
    const [, sentence = ''] = MAY_USE.exec(readDocument(`${TOP}/${name}/__init__.py`)) ?? [];
    const named = [...sentence.matchAll(/`(\w+)`/g)].map(([, used = '']) => used);
    const rule = (AGENT_RULES[`${TOP}/${name}`] ?? []).map((path) => path.slice(TOP.length + 1));
    expect(sentence).not.toBe('');
    expect(named).toEqual(rule);
  });
});
