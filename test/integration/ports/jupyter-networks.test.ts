import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTo, executeRequest, heard } from '../../support/program-sockets.ts';
import { JUPYTER_TOKEN, PORT, startJupyter } from '../../support/programs.ts';
import { ensureProgramsImage } from '../../support/programs-image.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const KERNELS = `/sandbox/u/ports/${PORT.jupyter}/api/kernels`;

// The network none has its test with the other programs.
describe.each(['proxy', 'bridge'])('a Jupyter server in a sandbox with the network %s', (network) => {
  let server: RealServer;

  beforeAll(async () => {
    const image = await ensureProgramsImage();
    server = await startRealServer({
      SANDBOX_NETWORK: network,
      SANDBOX_DOCKER_IMAGE: image,
      SANDBOX_DOCKER_MEMORY: '1g',
    });
    await startJupyter(server, 'u');
  }, 600_000);

  afterAll(() => server?.close());

  it('runs a kernel that keeps variables', async () => {
    const { status, body } = await server.call('POST', `${KERNELS}?token=${JUPYTER_TOKEN}`);
    expect([status, body]).toEqual([201, expect.objectContaining({ id: expect.any(String) })]);
    const socket = await connectTo(server, `${server.url}${KERNELS}/${body.id}/channels?token=${JUPYTER_TOKEN}`);
    const output = heard(socket, (text) => /"text": ?"42/.test(text));
    for (const code of ['x = 6', 'print(x * 7)']) socket.send(executeRequest(code));
    expect(JSON.parse(await output)).toMatchObject({ msg_type: 'stream', content: { name: 'stdout', text: '42\n' } });
    socket.close();
  });
});
