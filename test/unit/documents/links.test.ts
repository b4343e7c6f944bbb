import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, readDocument } from '../../support/documents.ts';

const CODE = /```[\s\S]*?```/g;

/** The anchors of a document's headings, as hosts of repositories make them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const headings = readDocument(path)
    .replace(CODE, '')
    .matchAll(/^#+ (.*)$/gm);
  const toAnchor = (heading: string) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .trim()
      .replaceAll(' ', '-');
  return new Set([...headings].map(([, heading = '']) => toAnchor(heading)));
}

/** Links of a document that lead to nothing in the repository. */
function brokenLinks(path: string): string[] {
  const links = [
    ...readDocument(path)
      .replace(CODE, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : posix.join(posix.dirname(path), file);
    if (!existsSync(new URL(`../../../${target}`, import.meta.url))) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  });
}

describe('Links of documents', () => {
  it.each(documents())('lead to what is there: %s', (path) => {
    expect(brokenLinks(path)).toEqual([]);
  });
});
