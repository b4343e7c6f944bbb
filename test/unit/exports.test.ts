import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = [
  'src',
  'clients/typescript/src',
  'scripts',
  'bench',
  'soak',
  'test/support',
  'test/fakes',
  'test/contract',
];

/** Fields and bodies of requests and answers are described to clients, in the OpenAPI document; the last file is made of that. */
const SCHEMAS = /(?:^|[/-])(?:schemas|fields)\.ts$|^clients\/typescript\/src\/schema\.ts$/;

/** What is defined there and exported; what another file defines has its sentence there. */
const EXPORT =
  /^export (?:default )?(?:abstract )?(?:async )?(?:function\*?|class|interface|const|let|type(?= \w+(?:<.*>)? =))\b.*/;

function undescribed(file: string): string[] {
  const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
  return lines
    .filter((line, index) => EXPORT.test(line) && !lines[index - 1]?.endsWith('*/'))
    .map((line) => `${file}: ${line}`);
}

describe('what a file exports', () => {
  it('has a sentence that says what it is', () => {
    const files = FOLDERS.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(?:ts|mjs)$/.test(name))
        .map((name) => join(folder, name)),
    ).filter((file) => !SCHEMAS.test(file));
    expect(files.length).toBeGreaterThan(500);
    expect(files.flatMap(undescribed)).toEqual([]);
  });
});
