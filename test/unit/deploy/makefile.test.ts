import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);

const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

describe('the Makefile', () => {
  const makefile = read('Makefile');

  it('has the targets that the guide of Cloud Sandbox names', () => {
    for (const target of ['run-all', 'build', 'k8s-dev', 'k8s-prod', 'k8s-delete-dev']) {
      expect(makefile).toMatch(new RegExp(`^${target}:$`, 'm'));
    }
  });

  it('calls scripts and folders that there are', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const called = [...makefile.matchAll(/npm run (\S+)/g)].map(([, name = '']) => name);
    expect(called.length).toBeGreaterThan(0);
    for (const name of called) expect(Object.keys(scripts)).toContain(name);
    const folders = [...makefile.matchAll(/kubectl \w+ -k (\S+)/g)].map(([, folder = '']) => folder);
    expect(folders.length).toBe(3);
    for (const folder of folders) expect(existsSync(new URL(`${folder}/kustomization.yaml`, root))).toBe(true);
  });
});
