import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { plainProgram } from '../../support/plain-programs.ts';

const run = promisify(execFile);

/** What the rules are in a network of their own after that; several processes are several servers. */
async function rulesAfter(
  ...argv: string[]
): Promise<{ told: readonly (string | null)[]; isOpen: boolean; rules: readonly string[] }> {
  const program = [process.execPath, await plainProgram('test/support/firewall-program.ts'), ...argv];
  const options = { cwd: new URL('../../../', import.meta.url) };
  return JSON.parse((await run('unshare', ['--net', '--', ...program], options)).stdout);
}

describe('the rules that close this machine to bridges', () => {
  it('are each there once, whoever adds them at the same time and whatever was left before', async () => {
    const { told, rules } = await rulesAfter('4');
    expect(told).toEqual([null, null, null, null]);
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
    expect(rules.filter((rule) => rule.startsWith('-A INPUT -i clb-+'))).toHaveLength(2);
    expect(rules.filter((rule) => rule.startsWith('-A DOCKER-USER -i clb-+'))).toHaveLength(1);
    expect(rules.filter((rule) => rule.startsWith('-A CLARA-SANDBOX -d '))).toHaveLength(14);
  });

  it('are taken away without a trace', async () => {
    expect(await rulesAfter('1', 'open')).toEqual({ told: [null], isOpen: true, rules: [] });
  });
});
