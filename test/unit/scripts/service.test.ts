import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const { installService, removeService, toUnit } = await import(
  new URL('../../../scripts/lib/service.mjs', import.meta.url).href
);

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

it('a folder with blanks and percent signs is written as systemd reads it: escaped in a command line, and not in a path', () => {
  const unit = toUnit('/srv/my apps/100%');
  expect(unit).toContain('\nWorkingDirectory=/srv/my apps/100%%\n');
  expect(unit).toContain(' /srv/my\\x20apps/100%%/dist/main.js\n');
});

it('the service of another folder stays where this one is removed', async () => {
  const calls: string[] = [];
  const systemctl = async (...args: string[]) => void calls.push(args.join(' '));
  const unitFile = join(folder, 'unit');
  expect(await removeService({ unitFile, systemctl })).toBe('absent');
  await writeFile(unitFile, toUnit('/srv/another'));
  expect(await removeService({ unitFile, systemctl })).toBe('used');
  expect([await readFile(unitFile, 'utf8'), calls]).toEqual([toUnit('/srv/another'), []]);
  await writeFile(unitFile, toUnit());
  expect(await removeService({ unitFile, systemctl })).toBe('removed');
  expect([await readdir(folder), calls]).toEqual([[], ['disable --now clara-sandbox.service', 'daemon-reload']]);
});
