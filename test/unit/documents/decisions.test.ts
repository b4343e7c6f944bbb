import { describe, expect, it } from 'vitest';
import { namesIn, readDocument } from '../../support/documents.ts';

const SECTIONS = ['Context', 'Decision', 'Reasons', 'Alternatives', 'Consequences'];

const HEAD = /^# (\d+)\. \S.*\n\n(?:Accepted\.|Superseded by \[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\)\.)\n\n## /;

describe('Decisions', () => {
  const files = namesIn('docs/adr', 'files');

  it('have a number each', () => {
    const numbers = files.map((name) => name.slice(0, 4));
    expect(new Set(numbers).size).toBe(files.length);
    expect(files.filter((name) => !/^\d{4}-[a-z0-9-]+\.md$/.test(name))).toEqual([]);
  });

  it.each(files)('begin with number, title and status, and have their sections in one order: %s', (name) => {
    const text = readDocument(`docs/adr/${name}`);
    const [, number] = HEAD.exec(text) ?? [];
    expect(number).toBe(String(Number(name.slice(0, 4))));
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
    expect(sections).toContain('Decision');
    expect(sections).toEqual(SECTIONS.filter((title) => sections.includes(title)));
  });
});
