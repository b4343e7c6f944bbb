import { describe, expect, it } from 'vitest';
import { namesIn, readDocument } from '../../support/documents.ts';

const [, table = ''] = readDocument('README.md').split('\n| read | for |\n');
const linked = [...table.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path);

describe('the table of documents in the README', () => {
  it('has every document', () => {
    const documents = namesIn('docs', 'files').filter((name) => name.endsWith('.md'));
    const others = ['docs/adr', 'docs/recipes', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'];
    expect([...linked].sort()).toEqual([...documents.map((name) => `docs/${name}`), ...others].sort());
  });
});
