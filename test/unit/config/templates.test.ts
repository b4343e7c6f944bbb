import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/config.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-templates-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function configWith(text: string) {
  const file = join(folder, 'templates.json');
  await writeFile(file, text);
  return parseConfig({ SANDBOX_API_KEY: 'a-key-of-tests', SANDBOX_TEMPLATES: file });
}

describe('the file of templates', () => {
  it('names images and limits', async () => {
    const text =
      '{"data": {"image": "python:3.12", "memory": "1g", "cpus": 2}, "small": {"memory": "256m"}, "plain": {}}';
    expect((await configWith(text)).templates).toEqual({
      data: { image: 'python:3.12', memoryBytes: 2 ** 30, cpus: 2 },
      small: { memoryBytes: 2 ** 28 },
      plain: {},
    });
  });

  it.each([
    ['{', /JSON/],
    ['[]', /at its beginning/],
    ['{"a b": {}}', /at a b/],
    ['{"a": {"memory": "much"}}', /at a.memory: must be a size/],
    ['{"a": {"disk": "1g"}}', /at a/],
  ])('with %s keeps the server from starting, with a sentence that says where', async (text, sentence) => {
    await expect(configWith(text)).rejects.toThrow(sentence);
  });

  it('must be there', () => {
    const at = (path: string) => () => parseConfig({ SANDBOX_API_KEY: 'a-key-of-tests', SANDBOX_TEMPLATES: path });
    expect(at('/nowhere/at/all.json')).toThrow(/SANDBOX_TEMPLATES must be a file/);
    expect(at('templates.json')).toThrow(/absolute path/);
  });
});
