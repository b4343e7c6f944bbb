import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { FIND_AGENT } from '../../support/agent-attacks.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { until } from '../../support/until.ts';

/** gVisor lets no socket of the host's into a sandbox: there the engine carries the stream. */
const HAS_SOCKET = !IS_GVISOR;

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const isCarried = async (user: string): Promise<boolean> =>
  (await server.execute(user, `${FIND_AGENT}print(KEEPER is not None)`)).body.output === 'True\n';

/** What carried the beginning ends a moment after the connection has moved. */
const untilItGoes = (user: string) =>
  until('the connection is where it belongs', async () => (await isCarried(user)) === !HAS_SOCKET);

const loseAgent = (user: string) => server.execute(user, `${FIND_AGENT}os.kill(AGENT, 9); time.sleep(30)`);

describe('the connection to an agent', () => {
  it('goes past the engine, and again after the agent was lost', async () => {
    await untilItGoes('direct');
    await loseAgent('direct');
    await untilItGoes('direct');
  });

  it('goes through the engine where the sandbox cannot be called past it', async () => {
    await server.execute('carried', 'pass');
    await rm(join(server.dataDir, toSandboxId({ namespace: 'clara', id: 'carried' }), 'line'), { recursive: true });
    await loseAgent('carried');
    expect(await isCarried('carried')).toBe(true);
  });

  it('leaves nothing that the sandbox could call or change', async () => {
    const code = `import os
print(os.listdir('/run/clara-line'))
try: open('/run/clara-line/agent', 'w')
except OSError as error: print(error.strerror)`;
    const refusal = IS_GVISOR ? 'Permission denied' : 'Read-only file system';
    expect((await server.execute('looks', code)).body.output).toBe(`[]\n${refusal}\n`);
  });

  it('is not that of code that calls first, which hears nothing', async () => {
    const caller = `${FIND_AGENT}
if daemonise():
    called = heard = 0
    until = time.monotonic() + 60
    while time.monotonic() < until:
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect('/run/clara-line/agent')
            called += 1
            peer.send(bytes(32))
            heard += len(peer.recv(64))
        except OSError: pass
        peer.close()
        with open('/workspace/new', 'w') as file: file.write(f'{called} {heard}')
        os.replace('/workspace/new', '/workspace/told')`;
    await server.execute('calls', caller);
    let told = '0 0';
    for (let loss = 0; loss < 5 && told === '0 0'; loss += 1) {
      await loseAgent('calls');
      expect((await server.execute('calls', "print('mine')")).body.output).toBe('mine\n');
      told = (await server.execute('calls', "print(open('/workspace/told').read())")).body.output.trim() || told;
    }
    const [called, heard] = told.split(' ').map(Number);
    expect(heard).toBe(0);
    expect(called).toBeGreaterThanOrEqual(HAS_SOCKET ? 1 : 0);
  });
});
