import { afterEach, beforeEach, expect, it } from 'vitest';
import { createIncusCluster } from '../../../../src/engines/incus/cluster/cluster-engine.ts';
import { createIncusEngine } from '../../../../src/engines/incus/incus-engine.ts';
import { MACHINES } from '../../../../src/engines/incus/machines/machine-shape.ts';
import { Refusal } from '../../../support/incus-machines/answers.ts';
import { FakeIncus } from '../../../support/incus-machines/fake-incus.ts';
import { PROJECT } from '../../../support/incus-machines/place.ts';

let incus: FakeIncus;

beforeEach(async () => {
  incus = await FakeIncus.start('none');
});

afterEach(() => incus.close());

async function unlimited(kind: 'incus' | 'incus-vm' = 'incus'): Promise<readonly string[]> {
  const place = { socketPath: incus.socketPath, project: PROJECT, pool: PROJECT };
  const engine = kind === 'incus' ? createIncusEngine(place) : createIncusCluster({ ...place, shape: MACHINES });
  try {
    return (await engine.info()).unlimited;
  } finally {
    await engine.close();
  }
}

/** Warnings of the machine, which Incus tells nobody who asks for those of a project. */
function warnOf(...warnings: readonly (readonly [type: string, status: string])[]): void {
  incus.warnings = (project) => (project ? [] : warnings.map(([type, status]) => ({ type, status })));
}

const lacks = (name: string) => `Couldn't find the CGroup ${name} controller`;

it('the limits that Incus does not hold are those whose control groups it warns of', async () => {
  expect(await unlimited()).toEqual([]);
  warnOf(
    [lacks('pids'), 'new'],
    [lacks('memory'), 'acknowledged'],
    [lacks('CPU'), 'resolved'],
    [lacks('blkio'), 'new'],
  );
  expect(await unlimited()).toEqual(['memory', 'processes']);
});

it('virtual machines have their limits without control groups', async () => {
  warnOf([lacks('memory'), 'new']);
  expect(await unlimited('incus-vm')).toEqual([]);
});

it('a server that is let into its own project only is told of none', async () => {
  incus.warnings = () => {
    throw new Refusal(403, 'Forbidden');
  };
  expect(await unlimited()).toEqual([]);
});
