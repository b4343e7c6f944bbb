import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';

const IMAGE = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';

/** Runs a Python script as root in a plain container without a network, whose limits are those of `host`; its output. */
export async function runBare(script: string, host: Docker.HostConfig = {}): Promise<string> {
  const container = await makeBare(script, '0', host);
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    await container.start();
    return (await text(stream)).replaceAll('\r\n', '\n');
  } finally {
    await container.remove({ force: true });
  }
}

/**
 * Runs a Python script in a plain container while another one, in a container beside it, holds something: that one goes on once it
 * has printed anything. Both are of this user. The output of the first.
 */
export async function runBareBeside(holding: string, script: string, user: string): Promise<string> {
  const host = { Ulimits: [{ Name: 'nofile', Soft: 16_384, Hard: 16_384 }] };
  const [holder, other] = [await makeBare(holding, user, host), await makeBare(script, user, host)];
  try {
    const held = await holder.attach({ stream: true, stdout: true, stderr: true });
    await holder.start();
    await once(held, 'data');
    const stream = await other.attach({ stream: true, stdout: true, stderr: true });
    await other.start();
    return (await text(stream)).replaceAll('\r\n', '\n');
  } finally {
    for (const container of [holder, other]) await container.remove({ force: true });
  }
}

function makeBare(script: string, user: string, host: Docker.HostConfig): Promise<Docker.Container> {
  return new Docker().createContainer({
    name: `clara-bare-${randomUUID()}`,
    Image: IMAGE,
    Entrypoint: ['python3', '-u', '-c', script],
    Cmd: [],
    User: user,
    Tty: true,
    HostConfig: { NetworkMode: 'none', ...host },
  });
}
