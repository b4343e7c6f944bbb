import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LINE_SOCKET, receiveCall } from '../../../../src/agent/link/socket-transport.ts';

let folder: string;
let callers: Socket[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-line-'));
  callers = [];
});

afterEach(async () => {
  for (const caller of callers) caller.destroy();
  await rm(folder, { recursive: true });
});

function callThere(): Promise<Socket> {
  const caller = connect(join(folder, LINE_SOCKET));
  callers.push(caller);
  return new Promise((resolve, reject) => caller.once('connect', () => resolve(caller)).once('error', reject));
}

const ended = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));

describe('a call of the agent', () => {
  it('is known by its token, in however many pieces, and what follows is left on the socket', async () => {
    const socket = await receiveCall(folder, async (token) => {
      const caller = await callThere();
      const said = Buffer.from(token, 'hex');
      caller.write(said.subarray(0, 5));
      caller.write(Buffer.concat([said.subarray(5), Buffer.from('hello')]));
    });
    const heard = await new Promise((resolve) => socket.once('data', (chunk: Buffer) => resolve(String(chunk))));
    expect(heard).toBe('hello');
    socket.destroy();
  });

  it('is not kept waiting by strangers, who are hung up on', async () => {
    const hungUp: Promise<void>[] = [];
    const socket = await receiveCall(folder, async (token) => {
      const [silent, wrong, brief] = [await callThere(), await callThere(), await callThere()];
      hungUp.push(ended(silent), ended(wrong), ended(brief));
      wrong.write(Buffer.alloc(32, 1));
      brief.end('short');
      (await callThere()).write(Buffer.from(token, 'hex'));
    });
    await Promise.all(hungUp);
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  });

  it('that does not come is given up', async () => {
    await expect(receiveCall(folder, async () => undefined, 20)).rejects.toThrow('did not call');
  });
});

describe('the socket in the folder', () => {
  it('is there for the call only, in place of one that a crash has left', async () => {
    for (let round = 0; round < 2; round += 1) {
      const crashed = receiveCall(folder, async () => {
        expect(await readdir(folder)).toEqual([LINE_SOCKET]);
        throw new Error('refused');
      });
      await expect(crashed).rejects.toThrow('refused');
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('cannot be in a folder that is not there', async () => {
    await expect(receiveCall(join(folder, 'absent'), async () => undefined)).rejects.toThrow('ENOENT');
  });
});
