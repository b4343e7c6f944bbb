import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { specFor } from '../../../../contract/spec-for.ts';
import { FakeMembers, MEMBERS_IMAGE } from '../../../../support/incus-members/fake-members.ts';

const closers: (() => Promise<unknown>)[] = [];
let members: FakeMembers;

beforeEach(async () => {
  members = await FakeMembers.start(closers);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('what an engine of other machines says of itself', () => {
  it('of containers: their users are mapped, and lists of system calls are held', async () => {
    expect(await members.open(closers, 'incus').info()).toMatchObject({
      mapsUsers: true,
      seccomp: ['strict', 'engine'],
    });
  });

  it('of virtual machines: their users are none of a machine, and their own kernel needs no list of system calls', async () => {
    expect(await members.open(closers, 'incus-vm').info()).toMatchObject({ mapsUsers: true, seccomp: null });
  });

  it.each(['incus', 'incus-vm'] as const)(
    'no sandbox of %s is to reach the ports of its API on this machine',
    (kind) => {
      const { guardedPorts } = members.open(closers, kind).traits;
      expect(guardedPorts).toEqual([8443, ...members.ports]);
    },
  );
});

describe('the machines of an engine', () => {
  it('are the members of its cluster, each of which answers or does not', async () => {
    const engine = members.open(closers);
    const all = ['node1', 'node2', 'node3'].map((name) => ({ name, answers: true }));
    expect(await engine.machines()).toEqual(all);
    members.stop('node2');
    const another = members.open(closers);
    expect(await another.machines()).toEqual(all.map((one) => ({ ...one, answers: one.name !== 'node2' })));
  });
});

describe('memory that runs out in a container of a member', () => {
  it('is read in the container itself, as Incus tells late', async () => {
    const engine = members.open(closers);
    let count = 0;
    members.run = (command) => (command.includes('^oom_kill ') ? ['echo', `oom_kill ${count}`] : ['true']);
    const id = await engine.create(specFor(MEMBERS_IMAGE, {}));
    await engine.start(id);
    expect(await engine.ranOutOfMemory(id, performance.now() - 60_000)).toBe(false);
    count = 1;
    expect(await engine.ranOutOfMemory(id, performance.now() - 60_000)).toBe(true);
    await engine.stop(id, 0);
    await engine.start(id);
    count = 0;
    expect(await engine.ranOutOfMemory(id, performance.now() - 60_000)).toBe(false);
  });

  it('before this server knew the sandbox is not told as new', async () => {
    const first = members.open(closers);
    members.run = () => ['echo', 'oom_kill 3'];
    const id = await first.create(specFor(MEMBERS_IMAGE, {}));
    await first.start(id);
    const next = members.open(closers);
    const { closed } = await next.exec(id, ['agent']);
    await closed;
    expect(await next.ranOutOfMemory(id, performance.now() - 60_000)).toBe(false);
  });
});
