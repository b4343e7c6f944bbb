import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import type { EngineId } from '../../../../src/engines/engine.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { Freezer } from '../../../../src/sandboxes/lifecycle/freezer.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-freezer-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

function makeSandbox(user: string): Sandbox {
  const address = { namespace: 'clara', id: user };
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, new CoreEvents(() => undefined));
  sandbox.engineId = user as EngineId;
  sandbox.become('running');
  return sandbox;
}

it('a sandbox that still cannot be thawed keeps no other from that', async () => {
  const [stuck, other] = [makeSandbox('stuck'), makeSandbox('other')];
  const fail = async () => {
    throw new Error('The engine fails.');
  };
  const resume = async (sandbox: Sandbox) => {
    if (sandbox === stuck) await fail();
    sandbox.become('running');
  };
  const freezer = new Freezer({
    engine: { pause: async () => undefined, resume: fail },
    store: { folderOf: (name: string) => join(dataDir, name) },
    lifecycle: { resume },
    onError: () => undefined,
  } as unknown as ConstructorParameters<typeof Freezer>[0]);
  for (const sandbox of [stuck, other]) {
    await mkdir(join(dataDir, sandbox.id));
    await freezer.whileFrozen(sandbox, async () => undefined);
  }
  await expect(freezer.retry()).rejects.toThrow('The engine fails.');
  expect([stuck.state, other.state]).toEqual(['paused', 'running']);
  await access(join(dataDir, stuck.id, 'frozen'));
  await expect(access(join(dataDir, other.id, 'frozen'))).rejects.toThrow('ENOENT');
});
