import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTACHED_PROGRAMS } from '../../support/attached-programs.ts';
import { runBare } from '../../support/bare-container.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

const answers = (output: string) =>
  Object.fromEntries(output.split('\n').flatMap((line) => (line === '' ? [] : [line.split(': ')])));

/** The machine's memory for compiled programs is one for all. A test attaches a single one: many of them stop the whole machine. */
describe('a program of its own in the kernel', () => {
  it('is attached to a socket by a container without the protection, and by no way in a sandbox', async () => {
    const bare = answers(await runBare(ATTACHED_PROGRAMS));
    for (const [way, answer] of Object.entries(bare)) {
      // The one that is whole is attached; the kernel would have taken the others too, had there been a program.
      const taken = way === 'SO_ATTACH_FILTER' ? 'attached' : way.startsWith('SO_') ? 'EINVAL' : 'EFAULT';
      expect([way, answer]).toEqual([way, taken]);
    }
    const { body } = await server.execute('programs', ATTACHED_PROGRAMS);
    const inside = answers(body.output);
    expect(Object.keys(inside)).toEqual(Object.keys(bare));
    // What gVisor takes, its own kernel interprets.
    if (IS_GVISOR) return;
    for (const [way, answer] of Object.entries(inside)) {
      expect([way, answer]).toEqual([way, way.startsWith('SO_') ? 'EPERM' : 'EINVAL']);
    }
  });
});
