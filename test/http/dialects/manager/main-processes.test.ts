import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { at, managerApp } from '../../../support/manager-app.ts';
import { until } from '../../../support/until.ts';

const manager = managerApp();
const { make, script, statusOf } = manager;

beforeEach(manager.start);

afterEach(manager.close);

describe('a main process of SandboxClient of New-dev0/Sandbox', () => {
  it('is what the command says, split as a shell would, and sees the environment', async () => {
    const seen: unknown[] = [];
    script(({ argv, env }) => {
      seen.push([argv, env.MODE]);
      return new Promise(() => undefined);
    });
    const made = await make({ command: `python -c 'print("a b")'`, environment: { MODE: 'x' } });
    expect(seen).toEqual([[['python', '-c', 'print("a b")'], 'x']]);
    expect(made).toMatchObject({ status: 'running', command: `python -c 'print("a b")'` });
  });

  it('is one argument behind an entrypoint that ends in -c', async () => {
    const seen: unknown[] = [];
    script(({ argv }) => {
      seen.push(argv);
      return new Promise(() => undefined);
    });
    const made = await make({ entrypoint: ['sh', '-c'], command: 'echo a | cat' });
    expect(seen).toEqual([['sh', '-c', 'echo a | cat']]);
    expect(made).toMatchObject({ entrypoint: 'sh -c' });
    expect((await manager.app.call('GET', at(made, '/entrypoint'))).json()).toEqual({
      entrypoint: ['sh', '-c'],
      command: ['echo a | cat'],
    });
  });

  it('fills the logs, and its end is that of the sandbox', async () => {
    script(() => ({ stdout: 'ready\ndone\n', stderr: 'careful\n', exitCode: 4 }));
    const made = await make({ command: 'python manager.app.py' });
    await until('it has exited', async () => (await statusOf(made)) === 'exited');
    expect((await manager.app.call('GET', at(made))).json()).toMatchObject({ exit_code: 4 });
    const { logs } = (await manager.app.call('GET', at(made, '/logs'))).json();
    expect(logs).toEqual([
      { timestamp: expect.any(String), log_type: 'stdout', level: 'info', message: 'ready' },
      { timestamp: expect.any(String), log_type: 'stdout', level: 'info', message: 'done' },
      { timestamp: expect.any(String), log_type: 'stderr', level: 'error', message: 'careful' },
      {
        timestamp: expect.any(String),
        log_type: 'system',
        level: 'error',
        message: 'The main process ended with exit code 4.',
      },
    ]);
    const later = await manager.app.call('GET', at(made, '/logs?since=2026-01-01T00:00:01Z'));
    expect(later.json()).toEqual({ logs: [] });
  });

  it('is started again as often as max_retries says, and three times in five minutes is an alert', async () => {
    let runs = 0;
    script(() => {
      runs += 1;
      return { exitCode: 1 };
    });
    const made = await make({ command: 'false', resources: { max_retries: 3 } });
    await until('it has exited', async () => (await statusOf(made)) === 'exited');
    expect(runs).toBe(4);
    await until(
      'there is an alert',
      async () => (await manager.app.call('GET', at(made, '/alerts'))).json().alerts.length > 0,
    );
    expect((await manager.app.call('GET', at(made, '/alerts'))).json()).toEqual({
      alerts: [expect.objectContaining({ alert_type: 'restart_loop', severity: 'critical' })],
    });
  });

  it('is another after its entrypoint was updated, in the same sandbox', async () => {
    const seen: unknown[] = [];
    script(({ argv }) => {
      seen.push(argv);
      return new Promise(() => undefined);
    });
    const made = await make({ command: 'python one.py' });
    const updated = await manager.app.call('POST', at(made, '/entrypoint'), { command: ['python', 'two.py'] });
    expect(updated.json()).toEqual({ status: 'updated', entrypoint: null, command: ['python', 'two.py'] });
    expect(seen).toEqual([
      ['python', 'one.py'],
      ['python', 'two.py'],
    ]);
    expect((await manager.app.call('GET', at(made))).json()).toMatchObject({
      status: 'running',
      command: 'python two.py',
    });
  });

  it('is restarted with its sandbox', async () => {
    let runs = 0;
    script(() => {
      runs += 1;
      return new Promise(() => undefined);
    });
    const made = await make({ command: 'serve' });
    await manager.app.call('POST', at(made, '/restart'));
    await manager.app.call('POST', at(made, '/stop'));
    await manager.app.call('POST', at(made, '/start'));
    expect([runs, await statusOf(made)]).toEqual([3, 'running']);
  });
});
