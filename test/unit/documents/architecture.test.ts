import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { namesIn, readDocument } from '../../support/documents.ts';

const text = readDocument('docs/architecture.md');
const [, table = ''] = /\n\| folder \| holds .*\n([\s\S]*?)\n\n/.exec(text) ?? [];

/** What the rows are about. */
const rows = table
  .split('\n')
  .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path ?? ''));

describe('docs/architecture.md', () => {
  it.each(['src', 'src/dialects', 'src/engines'])('has a row for each folder in %s', (folder) => {
    const expected = namesIn(folder, 'folders').map((name) => `${folder}/${name}/`);
    const own = folder === 'src' ? ['src/dialects/'] : [];
    expect(expected.filter((path) => !own.includes(path) && !rows.includes(path))).toEqual([]);
  });

  it('has none for what is not there', () => {
    const isThere = (path: string) => existsSync(new URL(`../../../${path}`, import.meta.url));
    expect(rows.filter((path) => !isThere(path))).toEqual([]);
  });

  it('names the rooms of the core', () => {
    const [, core = ''] = text.split('\n## The core\n');
    const rooms = namesIn('src/sandboxes', 'folders').map((name) => `\`${name}/\``);
    expect(rooms.filter((room) => !core.includes(room))).toEqual([]);
  });
});
