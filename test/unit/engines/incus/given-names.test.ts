import { expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import type { EngineId, EngineSandbox } from '../../../../src/engines/engine.ts';
import { GivenNames } from '../../../../src/engines/incus/given-names.ts';

const ID = 'clara-1' as EngineId;
const BEFORE: EngineSandbox = { id: ID, name: 'before', state: 'running', labels: {}, image: 'image' };

it('a name holds at once, and what Incus says holds again once it was told', async () => {
  const names = new GivenNames();
  const told = createDeferred<void>();
  names.give(ID, 'after', () => told.promise);
  expect(names.named(BEFORE)).toEqual({ ...BEFORE, name: 'after' });
  expect(names.idOf('after')).toBe(ID);
  expect(names.idOf('before')).toBeUndefined();
  told.resolve();
  await names.settled(ID);
  expect(names.idOf('after')).toBeUndefined();
  expect(names.named(BEFORE)).toEqual(BEFORE);
});

it('Incus is told in order, and once more where it refuses; a name that it never takes holds here', async () => {
  const names = new GivenNames();
  const told: string[] = [];
  const tell = (name: string, refusals: number) => async () => {
    told.push(name);
    if (told.filter((one) => one === name).length <= refusals) throw new Error('busy');
  };
  names.give(ID, 'first', tell('first', 1));
  names.give(ID, 'second', tell('second', 2));
  await names.allSettled();
  expect(told).toEqual(['first', 'first', 'second', 'second']);
  expect(names.named(BEFORE).name).toBe('second');
  names.forget(ID);
  expect(names.named(BEFORE)).toEqual(BEFORE);
});
