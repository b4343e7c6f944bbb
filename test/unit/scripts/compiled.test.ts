import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

/** The modules of the server that scripts import once it is built, by who does. */
function compiledModules(): [string, string][] {
  const names = readdirSync(new URL('scripts', ROOT), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.mjs'))
    .flatMap((name) => {
      const text = readFileSync(new URL(`scripts/${name}`, ROOT), 'utf8');
      return [...text.matchAll(/await compiled\('([^']+)\.js'\)/g)].map(([, path = '']): [string, string] => [
        name,
        path,
      ]);
    });
}

describe('the modules of the server that scripts use', () => {
  it('are there', () => {
    const modules = compiledModules();
    expect(modules).toContainEqual(['lib/doctor/settings.mjs', 'config/config']);
    expect(modules.filter(([, path]) => !existsSync(new URL(`src/${path}.ts`, ROOT)))).toEqual([]);
  });
});
