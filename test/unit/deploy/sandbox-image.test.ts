import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const DOCKERFILE = readFileSync(new URL('../../../images/sandbox/Dockerfile', import.meta.url), 'utf8');

/** The instructions of each stage, behind those of the stage that it begins with. */
function stagesOf(text: string): string[][] {
  const named = new Map<string, string[]>();
  const stages: string[][] = [];
  for (const instruction of text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')) {
    const [, base = '', name = ''] = /^FROM (\S+)(?: AS (\S+))?$/.exec(instruction) ?? [];
    if (base === '') {
      stages.at(-1)?.push(instruction);
      continue;
    }
    const stage = [...(named.get(base) ?? [])];
    stages.push(stage);
    named.set(name, stage);
  }
  return stages;
}

it('the image of sandboxes runs Python only once it has installed it, as a base may have none', () => {
  const stages = stagesOf(DOCKERFILE);
  expect(
    stages
      .flat()
      .filter((one) => one.startsWith('RUN'))
      .some((one) => one.includes('python3')),
  ).toBe(true);
  for (const stage of stages) {
    const installed = stage.findIndex((one) => one.includes('install-packages.sh /tmp/install'));
    const used = stage.findIndex((one) => one.startsWith('RUN') && one.includes('python3'));
    if (used >= 0) expect([installed >= 0, installed < used]).toEqual([true, true]);
  }
});
