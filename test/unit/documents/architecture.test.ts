import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { namesIn, readDocument } from '../../support/documents.ts';
import { DIALECT_RULES } from '../../support/import-rules/dialects.ts';
import { HTTP_RULES } from '../../support/import-rules/http.ts';
import { SANDBOX_RULES } from '../../support/import-rules/sandboxes.ts';
import { OTHER_RULES } from '../../support/import-rules/server.ts';

const text = readDocument('docs/architecture.md');
const [, table = ''] = /\n\| folder \| holds .*\n([\s\S]*?)\n\n/.exec(text) ?? [];
const [, core = ''] = text.split('\n## The core\n');

const lines = table.split('\n');
const inBackticks = (part: string) => [...part.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
/** What a row is about. */
const subjectsOf = (row: string) => inBackticks(row.split('|')[1] ?? '');
const rows = lines.flatMap(subjectsOf);

/** What the rows about a folder name beside it; the rooms of the core have a chapter. */
function namedUnder(folder: string): string[] {
  if (folder === 'src/sandboxes') return inBackticks(core);
  return lines.filter((row) => subjectsOf(row).includes(`${folder}/`)).flatMap(inBackticks);
}

const rooms = Object.keys({ ...OTHER_RULES, ...HTTP_RULES, ...DIALECT_RULES, ...SANDBOX_RULES }).sort();

describe('docs/architecture.md', () => {
  it.each(rooms)('has a row for each folder in %s, or names it in the row of that', (room) => {
    const isNamed = (name: string) =>
      rows.some((path) => path.startsWith(`${room}/${name}/`)) ||
      [name, `${name}/`].some((form) => namedUnder(room).includes(form));
    expect(namesIn(room, 'folders').filter((name) => !isNamed(name))).toEqual([]);
  });

  it('names each file directly in src', () => {
    const named = inBackticks(table);
    const files = namesIn('src', 'files').filter((name) => !named.includes(name) && !named.includes(`src/${name}`));
    expect(files).toEqual([]);
  });

  it('has a row for each folder of the repository that has sources or documents', () => {
    const ignored = readDocument('.gitignore').split('\n');
    const folders = namesIn('.', 'folders').filter((name) => !name.startsWith('.') && !ignored.includes(`${name}/`));
    expect(folders.filter((name) => !rows.some((path) => path.startsWith(`${name}/`)))).toEqual([]);
  });

  it('has none for what is not there', () => {
    const isThere = (path: string) => existsSync(new URL(`../../../${path}`, import.meta.url));
    expect(rows.filter((path) => !isThere(path))).toEqual([]);
  });
});
