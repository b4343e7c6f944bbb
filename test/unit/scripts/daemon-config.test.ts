import { describe, expect, it } from 'vitest';

const { parseDaemonConfig, withRuntime } = await import(
  new URL('../../../scripts/lib/daemon-config.mjs', import.meta.url).href
);

/** What the script's module makes of a configuration text, as its caller uses it. */
const merged = (text: string): unknown => withRuntime(parseDaemonConfig(text), 'runsc', { path: '/usr/bin/runsc' });

describe('the engine configuration that gains a runtime', () => {
  it('keeps all that it has', () => {
    const before = { labels: ['a=b'], runtimes: { other: { path: '/bin/other' } } };
    expect(merged(JSON.stringify(before))).toEqual({
      labels: ['a=b'],
      runtimes: { other: { path: '/bin/other' }, runsc: { path: '/usr/bin/runsc' } },
    });
  });

  it('may be empty, and is not overwritten where it is broken', () => {
    expect(merged('')).toEqual({ runtimes: { runsc: { path: '/usr/bin/runsc' } } });
    for (const broken of ['{', '[]', 'null', '"x"']) expect(() => merged(broken)).toThrow(/not a JSON object/);
  });
});
