import { isSandboxError, messageOf } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Engine, EngineTraits } from '../../engines/engine.ts';
import type { Pool } from '../placement/pool.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { HostFirewall } from './host-firewall.ts';
import type { Warning } from './warnings.ts';

interface ConditionsParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly store: SandboxStore;
  readonly disks: Disks;
  readonly pool: Pool;
  readonly firewall: HostFirewall;
}

/** All that keeps sandboxes from being made or started at the moment, or makes them less safe, as far as the server can see it. */
export async function findWarnings(parts: ConditionsParts): Promise<readonly Warning[]> {
  const { engine, config, store, disks, pool, firewall } = parts;
  const found = (
    await Promise.all([lookAtEngine(engine, config), lookAtFolder(store, disks), lookAtDisks(disks)])
  ).flat();
  const beside = [...(await lookAtMachines(engine)), ...firewall.warnings];
  // What is known already is why none can be made.
  if (found.length > 0 || pool.problem === null) return [...found, ...beside];
  const sentence = 'No sandbox can be made; the log of the server says why.';
  return [{ sentence, detail: pool.problem }, ...beside];
}

async function lookAtEngine(engine: Engine, { image }: Config): Promise<Warning[]> {
  try {
    const { unlimited } = await engine.info();
    const isThere = (await engine.imageId(image)) !== null || engine.traits.images.isServed(image);
    return [
      ...(isThere ? [] : [withoutImage(image, engine.traits)]),
      ...(unlimited.length === 0 ? [] : [withoutLimits(unlimited)]),
    ];
  } catch (error) {
    return [{ sentence: 'The engine does not answer, so no sandbox can be started.', detail: messageOf(error) }];
  }
}

function withoutImage(image: string, { images }: EngineTraits): Warning {
  const sentence = `The image of new sandboxes is not on this machine, so none can be made: ${images.advice}.`;
  return { sentence, detail: `${images.variable} is ${image}` };
}

function withoutLimits(unlimited: readonly string[]): Warning {
  const names = unlimited.join(', ');
  return {
    sentence: `The engine does not hold all limits of sandboxes (${names}): one of them can stop this machine.`,
  };
}

/** An engine that does not answer at all is told by the look at it. */
async function lookAtMachines(engine: Engine): Promise<Warning[]> {
  const away = (await engine.machines().catch(() => [])).filter(({ answers }) => !answers);
  if (away.length === 0) return [];
  const sentence = 'A machine of the cluster does not answer: its sandboxes are away until it is back.';
  return [{ sentence, detail: away.map(({ name }) => name).join(', ') }];
}

async function lookAtFolder(store: SandboxStore, disks: Disks): Promise<Warning[]> {
  try {
    await store.requireUsable();
    await disks.reserve.requireForNew();
    const { isUsedUp, holdsFiles } = disks.reserve;
    const sentence =
      'The disk of the data folder has less free than SANDBOX_DISK_RESERVE: records of sandboxes may soon not be written.';
    return isUsedUp && !holdsFiles ? [{ sentence }] : [];
  } catch (error) {
    const sentence = isSandboxError(error, 'no_space')
      ? 'The disk of the data folder has less free than SANDBOX_DISK_RESERVE, so no new sandbox is made until there is more.'
      : 'The data folder cannot be used, so sandboxes cannot be made or started.';
    return [{ sentence, detail: messageOf(error) }];
  }
}

/** Only a disk service can be away. */
async function lookAtDisks(disks: Disks): Promise<Warning[]> {
  try {
    await disks.mounted();
    return [];
  } catch (error) {
    const sentence =
      'The disks of sandboxes cannot be mounted at the moment, so those that do not run cannot be started.';
    return [{ sentence, detail: messageOf(error) }];
  }
}
