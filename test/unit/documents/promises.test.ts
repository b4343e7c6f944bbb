import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);

/** What names the clients of each section. */
const CLIENTS: Readonly<Record<string, RegExp>> = {
  K2: /K2/,
  Manager: /New-dev0\/Sandbox|Docker Sandbox Manager/,
  Cloud: /Cloud/,
};

const ROW = /^\| [^|]+ \| `([^`]+)`: (.+) › (.+) \|$/;

const [, ...sections] = readFileSync(new URL('docs/promises.md', root), 'utf8').split('\n## ');

function testsOf(section: string) {
  const rows = section
    .split('\n')
    .slice(3)
    .filter((line) => line !== '');
  return rows.map((line) => {
    const [, file = '', group = '', title = ''] = ROW.exec(line) ?? [];
    return { line, file, group, title };
  });
}

/** Where a text has a title between quotes, from a place on; -1 where it has not. */
function placeOf(text: string, title: string, from: number): number {
  const places = ["'", '"', '`'].map((quote) => text.indexOf(`${quote}${title}${quote}`, from));
  return Math.max(...places);
}

describe('docs/promises.md', () => {
  it('has a section for the clients of each API', () => {
    expect(sections.map((section) => section.split('\n')[0])).toEqual(Object.keys(CLIENTS));
  });

  it.each(sections.map((section) => [section.split('\n')[0] ?? '', section] as const))(
    'names tests that there are, and that name their client: %s',
    (api, section) => {
      const tests = testsOf(section);
      expect(tests.length).toBeGreaterThan(0);
      const wrong = tests.filter(({ file, group, title }) => {
        const url = new URL(`test/${file}`, root);
        if (file === '' || !existsSync(url)) return true;
        const text = readFileSync(url, 'utf8');
        const begin = placeOf(text, group, 0);
        return begin === -1 || placeOf(text, title, begin) === -1 || !CLIENTS[api]?.test(`${group} ${title}`);
      });
      expect(wrong.map(({ line }) => line)).toEqual([]);
    },
  );
});
