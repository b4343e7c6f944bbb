import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Folders whose own tests are about other parts of the repository, or about all of it. */
const ELSEWHERE = ['', 'agent', 'deploy', 'documents', 'scripts'];

/** The files that one imports, as paths from the top of the repository. */
function importsOf(file: string): string[] {
  const found = readFileSync(join(ROOT, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map(([, path = '']) => posix.join(dirname(file), path));
}

/** The folders below src/ of what a test imports, itself or by a file that it shares with other tests. */
function subjectsOf(test: string): readonly string[] {
  const own = importsOf(test);
  const shared = own.filter((file) => file.startsWith('test/') && file.endsWith('.ts'));
  const subjects = [...own, ...shared.flatMap(importsOf)].filter((file) => file.startsWith('src/'));
  return subjects.map((file) => posix.relative('src', dirname(file)));
}

const tests = readdirSync(join(ROOT, 'test/unit'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => ({ name, folder: dirname(name).replace(/^\.$/, '') }))
  .filter(({ folder }) => !ELSEWHERE.includes(folder));

describe('a unit test', () => {
  it('stands in the folder of a file of src that it imports, or of several folders that it imports from', () => {
    const misplaced = tests.filter(({ name, folder }) => {
      const subjects = subjectsOf(`test/unit/${name}`);
      const below = subjects.filter((subject) => subject.startsWith(`${folder}/`));
      const parts = new Set(below.map((subject) => subject.slice(folder.length + 1).split('/')[0]));
      return !subjects.includes(folder) && parts.size < 2;
    });
    expect(misplaced.map(({ name }) => name)).toEqual([]);
  });
});
