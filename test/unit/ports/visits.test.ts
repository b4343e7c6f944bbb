import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FRAME } from '../../../src/agent/wire/codec.ts';
import { type PortSettings, Ports, UNSETTLED } from '../../../src/ports/ports.ts';
import type { SandboxRef } from '../../../src/sandboxes/asked/ref.ts';
import type { PortNotes } from '../../../src/sandboxes/port-notes.ts';
import type { Sandboxes } from '../../../src/sandboxes/sandboxes.ts';
import { type HostileAgent, hostileAgent } from '../../support/hostile-agent.ts';
import { until } from '../../support/until.ts';

const PORT = 8000;
const PUBLIC: PortSettings = { visibility: 'public', pathPrefix: null };
const REF: SandboxRef = {
  address: { namespace: 'clara', id: 'u' },
  principal: { name: 'visitor', userPrefix: '', maxSandboxes: 0 },
};

/** The ports of one sandbox, of which one is public, and how many use it. */
function openPorts({ connection }: HostileAgent): { ports: Ports; uses: () => number } {
  let noted: Record<number, PortSettings> = { [PORT]: PUBLIC };
  let uses = 0;
  const toNoted = () => ({ previewId: 'p', ports: noted, portUrls: {} });
  const notes: Pick<PortNotes, 'read' | 'change'> = {
    read: async () => toNoted(),
    change: async (_ref, port, settings) => {
      noted = { ...noted, [port]: settings };
      return toNoted();
    },
  };
  const acquire = async () => {
    uses += 1;
    const release = () => {
      uses -= 1;
    };
    return { connection, release };
  };
  const sandboxes = { acquire, use: async () => [] } as unknown as Sandboxes;
  return { ports: new Ports(sandboxes, notes as unknown as PortNotes), uses: () => uses };
}

describe('a visitor of a public port', () => {
  it('is not let in where the port is made private while it is connected to', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const { ports, uses } = openPorts(agent);
    const opened = once(agent.far, 'data');
    const coming = ports.connect(REF, PORT, { isVisitor: true });
    await opened;
    await ports.change(REF, PORT, UNSETTLED);
    agent.frame(FRAME.EVENT, 1, { connected: true });
    await expect(coming).rejects.toMatchObject({ kind: 'unauthorized' });
    await until('nobody uses it', () => uses() === 0);
  });

  it('leaves when the port is made private, and whoever has a key stays', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    const { ports, uses } = openPorts(agent);
    const connect = async (channel: number, isVisitor: boolean) => {
      const opened = once(agent.far, 'data');
      const coming = ports.connect(REF, PORT, { isVisitor });
      await opened;
      agent.frame(FRAME.EVENT, channel, { connected: true });
      return await coming;
    };
    const [visit, own] = [await connect(1, true), await connect(3, false)];
    const gone = once(visit, 'close').catch(String);
    await ports.change(REF, PORT, UNSETTLED);
    expect(await gone).toContain('private');
    expect(own.destroyed).toBe(false);
    await until('one uses it', () => uses() === 1);
  });
});
