import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { EngineId, EngineSpec } from '../../src/engines/engine.ts';
import { openEngine } from '../../src/modes/open-engine.ts';
import { specFor } from '../contract/spec-for.ts';
import { until } from '../support/until.ts';

const labels = { 'clara-test.run': randomUUID() };
const SHARED = 3000;
const OTHER = 3001;
const engine = openEngine('incus');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-it-'));
  await chown(folder, SHARED, SHARED);
  await chmod(folder, 0o2770);
});
afterEach(async () => {
  for (const { id } of await engine.list(labels)) await engine.remove(id);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

async function started(changes: Partial<EngineSpec>): Promise<EngineId> {
  const id = await engine.create(specFor('clara-sandbox:latest', labels, changes));
  await engine.start(id);
  return id;
}

async function run(id: EngineId, argv: readonly string[], input = '') {
  const exec = await engine.exec(id, argv);
  exec.stream.end(input);
  const output = await text(exec.stream);
  await exec.closed;
  return { output, stderr: exec.stderr(), exitCode: await exec.exitCode() };
}

it('a folder is mounted where the image has none, however deep, and the root stays read-only', async () => {
  const id = await started({ mounts: [{ source: folder, target: '/srv/some where/deep' }], groups: [SHARED] });
  expect(await run(id, ['sh', '-c', 'cat > "/srv/some where/deep/file"'], 'there')).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('there');
  expect((await run(id, ['touch', '/srv/beside'])).stderr).toMatch(/Read-only file system/);
});

it('programs are in all groups of their user, and write where only these may', async () => {
  const id = await started({ mounts: [{ source: folder, target: '/shared' }], groups: [SHARED, OTHER] });
  expect((await run(id, ['id', '-G'])).output).toBe(`1000 ${SHARED} ${OTHER}\n`);
  expect(await run(id, ['sh', '-c', 'cat > /shared/mine; pwd; exit 7'], 'mine')).toEqual({
    output: '/tmp\n',
    stderr: '',
    exitCode: 7,
  });
  expect(await stat(join(folder, 'mine'))).toMatchObject({ uid: 1000, gid: SHARED });
  expect(await run(id, ['no-such-program'])).toMatchObject({ exitCode: 127 });
  expect(await run(id, ['/etc/passwd'])).toMatchObject({ exitCode: 126 });
});

it('a sandbox without groups cannot read what only they may', async () => {
  const id = await started({ mounts: [{ source: folder, target: '/shared' }] });
  expect((await run(id, ['ls', '/shared'])).stderr).toMatch(/Permission denied/);
});

it('a program in several groups is counted, heard on stderr, and ends with its stream', async () => {
  const id = await started({ groups: [SHARED] });
  const exec = await engine.exec(id, ['sh', '-c', 'echo here >&2; echo on; exec sleep 1000']);
  expect(await new Promise((resolve) => exec.stream.once('data', resolve))).toEqual(Buffer.from('on\n'));
  await until('stderr is heard', async () => exec.stderr() === 'here\n');
  expect(await engine.countExecs(id, ['sh', '-c'])).toBe(1);
  exec.stream.destroy();
  await exec.closed;
  await until('the program has ended', async () => !(await run(id, ['ps', 'ax'])).output.includes('sleep 1000'));
});

it('what programs in several groups leave behind is reaped, and signals from inside do not end the sandbox', async () => {
  const id = await started({ groups: [SHARED] });
  await run(id, ['sh', '-c', 'sh -c "sleep 0.01 & exit" ; kill -INT 1; kill -TERM 1; kill -KILL 1; exit 0']);
  await until('nothing is left', async () => !/sleep|defunct/.test((await run(id, ['ps', 'ax'])).output));
  expect((await engine.inspect(id))?.state).toBe('running');
});
