import { expect } from 'vitest';
import type { Answer, RealServer } from './real-server.ts';

/** What a caller is told whose sandbox ended as a whole, as one on gVisor does whose kernel gets no more of what it needs. */
export const SANDBOX_ENDED = {
  success: false,
  output: '',
  error: expect.stringMatching(/connection to the sandbox was lost|does not answer|out of memory/),
  exit_code: 137,
  timed_out: false,
  killed_by: 'SIGKILL',
};

interface Attack {
  readonly user: string;
  readonly how?: 'execute' | 'shell';
  readonly timeout?: number;
}

/** Runs hostile code while a neighbour works; both sandboxes must answer right afterwards. What the attacker was told. */
export async function attack(server: RealServer, code: string, options: Attack): Promise<Answer['body']> {
  const { user, how = 'execute', timeout = 60 } = options;
  const neighbour = `${user}-neighbour`;
  await server.execute(neighbour, 'pass');
  await server.execute(user, 'pass');
  const attacking = server[how](user, code, { timeout });
  let isOver = false;
  const over = attacking.finally(() => {
    isOver = true;
  });
  do {
    const { body } = await server.execute(neighbour, 'print(6 * 7)');
    expect(body).toMatchObject({ success: true, output: '42\n' });
  } while (!isOver);
  const { status, body } = await over;
  expect(status).toBe(200);
  await expectAlive(server, user);
  return body;
}

/** The sandbox answers, without anybody having done anything for it. */
export async function expectAlive(server: RealServer, user: string): Promise<void> {
  expect((await server.execute(user, "print('alive')")).body).toMatchObject({ success: true, output: 'alive\n' });
}
