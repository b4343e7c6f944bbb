import { expect, it } from 'vitest';
import { readInstances, toSandbox, toSandboxes } from '../../../../src/engines/incus/instances.ts';

const nameOf = (digit: string) => `clara-${digit.repeat(24)}`;

/** Instances as a list of Incus tells them, a digit and a status for each. */
const instancesOf = (statuses: Readonly<Record<string, string>>) =>
  readInstances(Object.entries(statuses).map(([digit, status]) => ({ name: nameOf(digit), status, config: null })));

it('an instance that is on its way from one state to another, or in an error, keeps no other out of the list', () => {
  const found = toSandboxes(instancesOf({ a: 'Running', b: 'Stopping', c: 'Error', d: 'Frozen', e: 'Starting' }));
  expect(found.map(({ id, state }) => [id, state])).toEqual([
    [nameOf('a'), 'running'],
    [nameOf('d'), 'paused'],
  ]);
});

it('whoever asks for one of those is told to try again', () => {
  const [instance] = instancesOf({ b: 'Stopping' });
  expect(() => instance && toSandbox(instance)).toThrow(/in the state Stopping; try again/);
});
