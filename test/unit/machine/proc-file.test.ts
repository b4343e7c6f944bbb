import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLines } from '../../../src/machine/proc-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-machine-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function all(lines: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

async function linesOf(text: string, maxBytes = 2 ** 20): Promise<string[]> {
  const path = join(folder, 'file');
  await writeFile(path, text);
  return await all(readLines(path, maxBytes));
}

describe('the lines of a file of /proc', () => {
  it.each([
    ['', []],
    ['one', ['one']],
    ['one\n', ['one']],
    ['\none\n\ntwo', ['', 'one', '', 'two']],
  ])('of %j are %j', async (text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });

  it('are whole where a piece that is read ends within one', async () => {
    const lines = Array.from({ length: 5_000 }, (_, number) => `line ${number} ${'x'.repeat(number % 60)}`);
    expect(await linesOf(lines.join('\n'))).toEqual(lines);
  });

  it('are no more than the pieces that the limit lets be read', async () => {
    expect((await linesOf('x\n'.repeat(2 ** 17), 2 ** 16)).length).toBe(2 ** 15);
  });

  it('are none where the file is absent, or is no file', async () => {
    expect(await all(readLines(join(folder, 'absent'), 1024))).toEqual([]);
    expect(await all(readLines(folder, 1024))).toEqual([]);
  });
});
