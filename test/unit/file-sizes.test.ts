import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = ['src', 'agent', 'images', 'scripts', 'bench', 'soak', 'test', 'clients'];
const SOURCE = /\.(ts|mjs|cjs|py|c)$/;
/** What others make: packages, compiled files, and the types that are made of the OpenAPI document. */
const MADE = /(^|\/)(node_modules|dist|build)\/|^clients\/typescript\/src\/schema\.ts$/;
const MOST_LINES = 250;
const MOST_COMPOSING = 90;

function linesOf(file: string): number {
  return readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1;
}

function sources(): string[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name).replaceAll(sep, '/'),
    );
  return FOLDERS.flatMap(below).filter((file) => SOURCE.test(file) && !MADE.test(file));
}

describe('Files', () => {
  it(`have ${MOST_LINES} lines at the most`, () => {
    const files = sources();
    expect(files).toContain('src/app.ts');
    expect(files.filter((file) => linesOf(file) > MOST_LINES)).toEqual([]);
  });

  it(`that compose the server have ${MOST_COMPOSING}`, () => {
    expect(linesOf('src/app.ts')).toBeLessThanOrEqual(MOST_COMPOSING);
  });
});
