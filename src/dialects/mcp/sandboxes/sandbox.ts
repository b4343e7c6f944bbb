import { z } from 'zod';
import { isSandboxError, SandboxError } from '../../../base/errors.ts';
import type { Checkpoint } from '../../../sandboxes/checkpoints/checkpoint.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import { showBytes, textBlock } from '../blocks.ts';
import { text } from '../fields.ts';
import { answer, defineTool, type ToolCall } from '../tool.ts';

/** Sandboxes that one answer names. */
const MOST = 100;

const ACTIONS = ['status', 'restart', 'checkpoint', 'restore', 'list'] as const;

/** `sandbox`: how it is, a fresh start, and its files as they were. */
export const sandbox = defineTool({
  name: 'sandbox',
  description:
    'status, restart (ends all processes), checkpoint (keep the files as they are), restore (a checkpoint by name), list (sandboxes and checkpoints).',
  hints: {},
  makesSandbox: false,
  shape: {
    action: z.enum(ACTIONS, `must be ${ACTIONS.join(', ')}`),
    name: text.min(1, 'must not be empty').max(100, 'is too long').optional().meta({ description: 'of a checkpoint' }),
  },
  run: async ({ action, name }, call) => answer(textBlock(await act(action, name, call))),
});

async function act(action: (typeof ACTIONS)[number], name: string | undefined, call: ToolCall): Promise<string> {
  const { core, ref } = call;
  const { id } = ref.address;
  switch (action) {
    case 'status':
      return describe(id, await statusOf(call));
    case 'restart':
      return `Sandbox ${id} was started anew: ${describe(id, await core.sandboxes.restart(ref))}`;
    case 'checkpoint':
      await core.sandboxes.create(ref, {});
      return `Took ${describeCheckpoint(await core.checkpoints.take(ref, name ?? null))}; restore brings its files back.`;
    case 'restore': {
      const checkpoint = await findCheckpoint(name, call);
      await core.restoring.restore(ref, checkpoint.id);
      return `Sandbox ${id} has the files of ${describeCheckpoint(checkpoint)} again, and was started anew.`;
    }
    case 'list':
      return await list(call);
  }
}

/** Null where there is none yet. */
async function statusOf({ core, ref }: ToolCall): Promise<SandboxStatus | null> {
  try {
    return await core.sandboxes.status(ref);
  } catch (error) {
    if (isSandboxError(error, 'not_found')) return null;
    throw error;
  }
}

function describe(id: string, status: SandboxStatus | null): string {
  if (status === null) return `Sandbox ${id} does not exist yet; the first tool that needs it makes it.`;
  const { state, image, memoryBytes, cpuPercent, processes, disk, createdAtMs, lastUsedAtMs } = status;
  const parts = [
    `Sandbox ${id} is ${state}`,
    `image ${image}`,
    `${processes} processes, ${showBytes(memoryBytes)} of memory, ${cpuPercent.toFixed(0)} % of a CPU`,
    ...(disk ? [`${showBytes(disk.usedBytes)} of ${showBytes(disk.limitBytes)} of disk`] : []),
    `made ${new Date(createdAtMs).toISOString()}`,
    `last used ${new Date(lastUsedAtMs).toISOString()}`,
  ];
  return `${parts.join('; ')}.`;
}

function describeCheckpoint({ id, name, createdAtMs, sizeBytes }: Checkpoint): string {
  const called = name === null ? '' : `${JSON.stringify(name)} `;
  return `checkpoint ${called}(${id}, ${new Date(createdAtMs).toISOString()}, ${showBytes(sizeBytes)})`;
}

/** The newest of that name or id; without one the newest of all. */
async function findCheckpoint(name: string | undefined, call: ToolCall): Promise<Checkpoint> {
  const all = await checkpointsOf(call);
  const found = all.find((one) => name === undefined || one.name === name || one.id === name);
  if (found) return found;
  const known = all.map((one) => one.name ?? one.id).join(', ');
  const wanted = name === undefined ? 'no checkpoint' : `no checkpoint ${JSON.stringify(name)}`;
  throw new SandboxError('not_found', `The sandbox has ${wanted}${known === '' ? '' : `; it has ${known}`}.`);
}

async function checkpointsOf({ core, ref }: ToolCall): Promise<readonly Checkpoint[]> {
  try {
    return await core.checkpoints.list(ref);
  } catch (error) {
    if (isSandboxError(error, 'not_found')) return [];
    throw error;
  }
}

async function list(call: ToolCall): Promise<string> {
  const { core, ref } = call;
  const filter = { state: null, labels: [], prefix: ref.principal.userPrefix, isForAll: false };
  const { sandboxes, next } = await core.listing.page(ref.principal, filter, MOST, null);
  const names = sandboxes.map(({ address, state }) => `${address.id} (${state})`);
  const checkpoints = (await checkpointsOf(call)).map(describeCheckpoint);
  const which =
    names.length === 0 ? 'There are no sandboxes yet.' : `Sandboxes: ${names.join(', ')}${next ? ' …' : ''}.`;
  const kept = checkpoints.length === 0 ? 'has no checkpoints' : `has ${checkpoints.join(', ')}`;
  return `${which} Sandbox ${ref.address.id} ${kept}.`;
}
