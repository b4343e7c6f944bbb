import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const inRoot = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

describe('the search for copies', () => {
  it('looks at each dialect', async () => {
    const entries = await readdir(inRoot('src/dialects'), { withFileTypes: true });
    const dialects = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `src/dialects/${name}`);
    const { path } = z
      .object({ path: z.array(z.string()) })
      .parse(JSON.parse(await readFile(inRoot('.jscpd.json'), 'utf8')));
    expect([...path].sort()).toEqual(dialects.sort());
  });
});
