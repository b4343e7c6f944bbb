import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import type { Engine } from '../../../src/engines/engine.ts';
import { startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR, RUNTIME } from '../../support/runtime.ts';

describe('a runtime that the engine lacks', () => {
  it('keeps the server from starting, with a sentence that names it', async () => {
    await expect(startRealServer({ SANDBOX_DOCKER_RUNTIME: 'absent-runtime' })).rejects.toThrow(
      /SANDBOX_DOCKER_RUNTIME=absent-runtime does not work here.*The engine has no runtime absent-runtime; it has .*runc/,
    );
  });
});

describe('a runtime that the engine names and cannot start', () => {
  it('keeps the server from starting, and leaves no container', async () => {
    const docker = createDockerEngine();
    const made: string[] = [];
    const engine: Engine = {
      ...docker,
      info: async () => ({ ...(await docker.info()), runtimes: ['runc', 'broken-runtime'] }),
      create: async (spec) => {
        made.push(spec.name);
        return await docker.create(spec);
      },
    };
    try {
      await expect(startRealServer({ SANDBOX_DOCKER_RUNTIME: 'broken-runtime' }, { engine })).rejects.toThrow(
        /SANDBOX_DOCKER_RUNTIME=broken-runtime does not work here/,
      );
      expect(made).toHaveLength(1);
      for (const name of made) expect(await docker.inspect(name)).toBeNull();
    } finally {
      await docker.close();
    }
  });
});

describe(`the kernel that a sandbox on ${RUNTIME} sees`, () => {
  it(IS_GVISOR ? "is gVisor's, and nothing of this machine's" : "is this machine's", async () => {
    const server = await startRealServer();
    try {
      const { body } = await server.shell('u', 'uname -r; cat /proc/version; dmesg 2>&1');
      expect(body.output.includes('gVisor')).toBe(IS_GVISOR);
      expect(body.output.includes(release())).toBe(!IS_GVISOR);
    } finally {
      await server.close();
    }
  });
});

describe('a sandbox with little memory', () => {
  it('still works after everything in memory that can be filled is full', async () => {
    const server = await startRealServer({
      SANDBOX_DOCKER_MEMORY: IS_GVISOR ? '192m' : '64m',
      SANDBOX_TMP_SIZE: '512m',
    });
    try {
      const filled = await server.shell(
        'u',
        'D="/tmp /dev/shm /run/clara /var/tmp /root"; for d in $D; do cat /dev/zero > $d/fill; done; df --output=avail $D',
      );
      expect(filled.body.output.match(/^\s*0$/gm)).toHaveLength(5);
      expect((await server.execute('u', 'print(6 * 7)')).body).toMatchObject({ success: true, output: '42\n' });
      expect((await server.shell('u', 'rm -f /tmp/fill; echo free')).body.output).toBe('free\n');
    } finally {
      await server.close();
    }
  });
});
