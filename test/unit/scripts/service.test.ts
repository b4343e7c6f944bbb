import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const { installService, toUnit } = await import(new URL('../../../scripts/lib/service.mjs', import.meta.url).href);

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-service-'));
});

afterEach(() => rm(folder, { recursive: true }));

it('installing the service has systemd run what was just built, also where an older build runs', async () => {
  const calls: string[] = [];
  const unitFile = join(folder, 'unit');
  const systemctl = async (...args: string[]) => void calls.push(args.join(' '));
  await installService({ unitFile, systemctl });
  expect(await readFile(unitFile, 'utf8')).toBe(toUnit());
  expect(calls).toEqual(['daemon-reload', 'enable clara-sandbox.service', 'restart clara-sandbox.service']);
});
