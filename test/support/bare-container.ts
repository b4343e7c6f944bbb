import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';

const IMAGE = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';

/** Runs a Python script as root in a plain container without a network, whose limits are those of `host`; its output. */
export async function runBare(script: string, host: Docker.HostConfig = {}): Promise<string> {
  const docker = new Docker();
  const container = await docker.createContainer({
    name: `clara-bare-${randomUUID()}`,
    Image: IMAGE,
    Entrypoint: ['python3', '-u', '-c', script],
    Cmd: [],
    User: '0',
    Tty: true,
    HostConfig: { NetworkMode: 'none', ...host },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    await container.start();
    return (await text(stream)).replaceAll('\r\n', '\n');
  } finally {
    await container.remove({ force: true });
  }
}
