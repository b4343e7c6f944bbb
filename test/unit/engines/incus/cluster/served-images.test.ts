import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Engine } from '../../../../../src/engines/engine.ts';
import { specFor } from '../../../../contract/spec-for.ts';
import { Refusal } from '../../../../support/incus-machines/answers.ts';
import { FakeMembers, MEMBERS_IMAGE } from '../../../../support/incus-members/fake-members.ts';

const NAME = 'images:debian/12/cloud';

const closers: (() => Promise<unknown>)[] = [];
let members: FakeMembers;

beforeEach(async () => {
  members = await FakeMembers.start(closers);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const open = (kind: 'incus' | 'incus-vm', ...images: readonly string[]): Engine => members.open(closers, kind, images);
const askedToLoad = () => members.asked.filter((call) => call.endsWith('POST /1.0/images'));

it('a sandbox waits for its image, which one member loads for all', async () => {
  const engine = open('incus', NAME);
  const made = await Promise.all([1, 2, 3].map(() => engine.create(specFor(NAME, {}))));
  expect(made).toHaveLength(3);
  expect(members.loads).toMatchObject([{ source: { image_type: 'container' }, aliases: [{ name: NAME }] }]);
});

it('virtual machines get an image of theirs', async () => {
  await open('incus-vm', NAME).loadImage(NAME);
  expect(members.loads).toMatchObject([{ source: { image_type: 'virtual-machine' } }]);
});

it('what keeps one member from loading an image is not tried on the others', async () => {
  members.loadRefusal = new Refusal(500, 'no such host');
  await expect(open('incus', NAME).create(specFor(NAME, {}))).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringContaining('no such host'),
  });
  expect(askedToLoad()).toHaveLength(1);
});

it('an image that the operator has not listed is not loaded', async () => {
  const made = open('incus', 'images:*', '*').create(specFor(NAME, {}));
  await expect(made).rejects.toMatchObject({
    kind: 'invalid',
    message: expect.stringContaining('not on this machine'),
  });
  expect(askedToLoad()).toEqual([]);
});

it('an image that is gone from Incus is looked for anew by the next sandbox', async () => {
  const engine = open('incus');
  const looks = () => members.asked.filter((call) => /GET \/1\.0\/images\/[0-9a-f]{64}$/.test(call)).length;
  vi.spyOn(members.database, 'make').mockImplementationOnce(() => {
    throw new Refusal(404, 'Image not found');
  });
  await expect(engine.create(specFor(MEMBERS_IMAGE, {}))).rejects.toMatchObject({ kind: 'invalid' });
  expect(looks()).toBe(1);
  await engine.create(specFor(MEMBERS_IMAGE, {}));
  expect(looks()).toBe(2);
});
