import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const MODULE = new URL('../../../scripts/lib/daemon-config.mjs', import.meta.url).href;

/** What the script's module makes of a configuration text, as its caller uses it. */
function merged(text: string): unknown {
  const program = `
import { parseDaemonConfig, withRuntime } from ${JSON.stringify(MODULE)};
const config = parseDaemonConfig(process.argv[1]);
process.stdout.write(JSON.stringify(withRuntime(config, 'runsc', { path: '/usr/bin/runsc' })));`;
  const args = ['--input-type=module', '-e', program, '--', text];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
}

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
