import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { ALIASES } from '../../../src/config/names-of-modes.ts';

const read = (path: string) => readFile(fileURLToPath(new URL(`../../../${path}`, import.meta.url)), 'utf8');

/** The variables that each guide names, by its section in the document. */
const VARIABLES = {
  'Clara Sandbox Service':
    'SANDBOX_API_KEY SANDBOX_API_HOST SANDBOX_API_PORT SANDBOX_DOCKER_IMAGE SANDBOX_DOCKER_TIMEOUT SANDBOX_DOCKER_MEMORY SANDBOX_DOCKER_CPU SANDBOX_DATA_DIR SANDBOX_MAX_CONTAINERS SANDBOX_DOMAIN',
  'Clara\u2019s sandbox system':
    'SANDBOX_MODE DOCKER_SANDBOX_IMAGE DOCKER_SANDBOX_TIMEOUT DOCKER_SANDBOX_MEMORY DOCKER_SANDBOX_CPU INCUS_SANDBOX_IMAGE INCUS_SANDBOX_TYPE INCUS_SANDBOX_TIMEOUT INCUS_SANDBOX_MEMORY INCUS_SANDBOX_CPU INCUS_REMOTE SANDBOX_API_URL SANDBOX_API_KEY SANDBOX_TIMEOUT',
  'K2 Sandbox API': 'K2_API_BASE_URL',
  'Docker Sandbox Manager': 'DATABASE_URL DOMAIN VOLUMES_ROOT',
  'Cloud Sandbox':
    'JWT_SECRET SCHEDULER_URL SESSION_MANAGER_URL POOL_MIN_SIZE POOL_MAX_SIZE SANDBOX_IMAGE POSTGRES_HOST POSTGRES_PORT REDIS_ADDR MINIO_ENDPOINT',
} as const;

let text: string;

beforeAll(async () => {
  text = await read('docs/coming-from.md');
});

/** What stands under a heading. */
function sectionOf(name: string): string {
  const [, rest = ''] = text.split(`\n## ${name.replace('\u2019', "'")}\n`);
  return rest.split('\n## ')[0] ?? '';
}

describe('docs/coming-from.md', () => {
  it.each(Object.entries(VARIABLES))('has a row for each variable of the guide of %s', (guide, names) => {
    const rows = sectionOf(guide).match(/^\| .*`.* \|$/gm) ?? [];
    const named = rows.flatMap((row) => row.match(/[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*/g) ?? []);
    expect(names.split(' ').filter((name) => !named.includes(name))).toEqual([]);
  });

  it('names each variable that the server reads under the name of a guide', () => {
    expect(ALIASES.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });

  it('names no target of make that there is not', async () => {
    const makefile = await read('Makefile');
    const targets = [...text.matchAll(/`make ([a-z0-9-]+)`/g)].map(([, name = '']) => name);
    expect(targets.filter((name) => !makefile.includes(`\n${name}:`))).toEqual([]);
    expect(targets).toContain('run-all');
  });
});
