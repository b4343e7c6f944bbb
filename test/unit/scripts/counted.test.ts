import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const MODULE = new URL('../../../scripts/lib/counted.mjs', import.meta.url).href;

it('says a number with the word for one or for many', () => {
  const program = `
import { counted } from ${JSON.stringify(MODULE)};
console.log([0, 1, 2].map((number) => counted(number, 'sandbox', 'sandboxes')).join());`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(output).toBe('0 sandboxes,1 sandbox,2 sandboxes\n');
});
