import { describe, expect, it } from 'vitest';
import { readDocument } from '../../support/documents.ts';

const CASE = /case '(\w+)':\n\s+return \{ level: '(\w+)'/g;

describe('docs/logs.md', () => {
  it('has each event that the core logs, with its level', () => {
    const logged = [...readDocument('src/observability/event-log.ts').matchAll(CASE)].map(([, ...row]) => row);
    const rows = [...readDocument('docs/logs.md').matchAll(/^\| `(\w+)` \| (debug|info|warn) \|/gm)].map(
      ([, ...row]) => row,
    );
    expect(logged.length).toBeGreaterThan(0);
    expect(rows).toEqual(logged);
  });
});
