import { describe, expect, it } from 'vitest';
import { startRealServer } from '../support/real-server.ts';

describe('a runtime that the engine lacks', () => {
  it('keeps the server from starting, with a sentence that names it', async () => {
    await expect(startRealServer({ SANDBOX_DOCKER_RUNTIME: 'absent-runtime' })).rejects.toThrow(
      /SANDBOX_DOCKER_RUNTIME=absent-runtime does not work here.*The engine has no runtime absent-runtime; it has .*runc/,
    );
  });
});

describe('a sandbox with little memory', () => {
  it('still works after everything in memory that can be filled is full', async () => {
    const server = await startRealServer({ SANDBOX_DOCKER_MEMORY: '64m', SANDBOX_TMP_SIZE: '512m' });
    try {
      const filled = await server.shell(
        'u',
        'for d in /tmp /dev/shm /run/clara; do cat /dev/zero > $d/fill; done; df --output=avail /tmp /dev/shm /run/clara',
      );
      expect(filled.body.output.match(/^\s*0$/gm)).toHaveLength(3);
      expect((await server.execute('u', 'print(6 * 7)')).body).toMatchObject({ success: true, output: '42\n' });
      expect((await server.shell('u', 'rm -f /tmp/fill; echo free')).body.output).toBe('free\n');
    } finally {
      await server.close();
    }
  });
});
