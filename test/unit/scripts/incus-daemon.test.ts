import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';

const run = promisify(execFile);
const SCRIPTS = new URL('../../../scripts/lib/incus/', import.meta.url);
const QEMU = process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';

let commands: string;

beforeEach(async () => {
  commands = await mkdtemp(join(tmpdir(), 'clara-commands-'));
  await command('incus', `echo '{"environment": {"server_version": "6.0.4", "driver": "lxc"}}'`);
  await command('apt-cache', "echo '  Candidate: 6.0.4'");
  for (const name of ['apt-get', 'systemctl']) await command(name, `echo ${name} "$@" >> ${commands}/calls`);
});

afterEach(() => rm(commands, { recursive: true }));

async function command(name: string, body: string): Promise<void> {
  await writeFile(join(commands, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** What is installed, and said, where an Incus answers that is to have this, and no command is there but those of the test. */
async function ensured(hasMachines: boolean, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const program = `
    import { Incus } from '${new URL('client.mjs', SCRIPTS)}';
    import { ensureIncus } from '${new URL('daemon.mjs', SCRIPTS)}';
    await ensureIncus(new Incus(process.env), { hasMachines: ${hasMachines} });`;
  const options = { env: { PATH: commands, ...env } };
  const said = await run(process.execPath, ['--input-type=module', '--eval', program], options).catch(String);
  const calls = await readFile(join(commands, 'calls'), 'utf8').catch(() => '');
  return `${calls}${typeof said === 'string' ? said : ''}`;
}

it('an Incus that runs gets QEMU where it is to make virtual machines and there is none, from root with apt', async () => {
  expect(await ensured(true)).toMatch(/^apt-get install .* incus incus-client |QEMU is not installed/m);
});

it('an Incus that runs gets nothing for containers, where QEMU is there, and where it is not that of this machine', async () => {
  expect(await ensured(false)).toBe('');
  expect(await ensured(true, { INCUS_REMOTE: '/run/another.socket' })).toBe('');
  await command(QEMU, 'true');
  expect(await ensured(true)).toBe('');
});
