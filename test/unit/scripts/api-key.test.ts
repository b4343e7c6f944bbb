import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

const module = await import(new URL('../../../scripts/lib/api-key.mjs', import.meta.url).href);

let folder: string;
let file: string;

/** What the script's module says of the key with this environment; it prints a line where it makes one. */
function ensureApiKey(env: Readonly<Record<string, string>>): { key: string; isNew: boolean } | null {
  return module.ensureApiKey(env, file) ?? null;
}

beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  folder = mkdtempSync(join(tmpdir(), 'clara-key-'));
  file = join(folder, '.env');
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

describe('the key that npm run up makes', () => {
  it('is made where there is none, for its owner alone to read', () => {
    const made = ensureApiKey({});
    expect(made).toMatchObject({ isNew: true, key: expect.stringMatching(/^[\w-]{32}$/) });
    expect(readFileSync(file, 'utf8')).toBe(`SANDBOX_API_KEY=${made?.key}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('takes the place of an empty one and leaves all else', () => {
    writeFileSync(file, 'SANDBOX_API_PORT=9000\nSANDBOX_API_KEY=\nSANDBOX_API_KEYS=\n');
    const made = ensureApiKey({ SANDBOX_API_KEY: '', SANDBOX_API_KEYS: '' });
    expect(readFileSync(file, 'utf8')).toBe(`SANDBOX_API_PORT=9000\nSANDBOX_API_KEY=${made?.key}\nSANDBOX_API_KEYS=\n`);
  });

  it('is not made where there is one', () => {
    expect(ensureApiKey({ SANDBOX_API_KEY: 'of-the-operator' })).toEqual({
      key: 'of-the-operator',
      isNew: false,
    });
    expect(existsSync(file)).toBe(false);
  });

  it('is not made where named keys open the server', () => {
    expect(ensureApiKey({ SANDBOX_API_KEYS: `bot:sha256:${'0a'.repeat(32)}` })).toBeNull();
    expect(existsSync(file)).toBe(false);
  });

  it.each([' ', ',', ' , \n'])('is made where the list of named keys has none, as in %j', (keys) => {
    expect(ensureApiKey({ SANDBOX_API_KEYS: keys })).toMatchObject({ isNew: true });
  });
});
