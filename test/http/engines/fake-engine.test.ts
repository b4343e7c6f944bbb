import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { readFile, removePath, statPath, writeFile } from '../../../src/agent/calls/files.ts';
import { runProgram } from '../../../src/agent/calls/run.ts';
import { AgentConnection } from '../../../src/agent/wire/connection.ts';
import type { EngineId } from '../../../src/engines/engine.ts';
import { describeEngine } from '../../contract/engine.contract.ts';
import { specFor } from '../../contract/spec-for.ts';
import type { FakeAgent } from '../../fakes/fake-agent.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';

const LABELS = { test: 'fake' };
const RUN = { timeoutMs: 5000, deadlineMs: 5000, capture: { headBytes: 1000, tailBytes: 100 } };
const CALL = { deadlineMs: 5000 };

describeEngine('FakeEngine', () => {
  const engine = new FakeEngine();
  const exhaustMemory = async (id: EngineId) => engine.runOutOfMemory(id);
  return { engine, image: 'fake:latest', absentImage: 'absent:latest', exhaustMemory };
});

async function startedEngine() {
  const engine = new FakeEngine();
  const id = await engine.create(specFor('fake:latest', LABELS, { name: 'ada' }));
  await engine.start(id);
  return { engine, id };
}

async function connected(prepare: (agent: FakeAgent) => void = () => undefined) {
  const { engine, id } = await startedEngine();
  const { agent } = engine.get(id);
  prepare(agent);
  const { stream } = await engine.exec(id, ['python3', '-c', '']);
  const connection = new AgentConnection(stream);
  stream.write(`${headed({ secret: 's', hash: 'h', source: 3, replace: false })}abc`);
  return { engine, id, agent, connection };
}

/** A header of the hand-over, behind its length. */
function headed(header: object): string {
  const text = JSON.stringify(header);
  return `${text.length}\n${text}`;
}

describe('controls of the fake engine', () => {
  it('answers nothing and breaks its streams while it is down', async () => {
    const { engine, id } = await startedEngine();
    const { stream } = await engine.exec(id, ['cat']);
    const broken = once(stream, 'error');
    engine.down = true;
    expect(await broken).toMatchObject([{ kind: 'unavailable' }]);
    await expect(engine.inspect(id)).rejects.toMatchObject({ kind: 'unavailable' });
    engine.down = false;
    expect(await engine.inspect(id)).toMatchObject({ state: 'running' });
  });

  it('holds a call until the test lets it go', async () => {
    const { engine, id } = await startedEngine();
    const gate = engine.hold('pause');
    const pausing = engine.pause(id);
    await gate.reached;
    expect(await engine.inspect(id)).toMatchObject({ state: 'running' });
    gate.release();
    await pausing;
    expect(await engine.inspect(id)).toMatchObject({ state: 'paused' });
    expect(engine.calls).toEqual(['create ada', 'start ada', 'pause ada', 'inspect ada', 'inspect ada']);
  });

  it('kills a sandbox as a crash would', async () => {
    const { engine, id, connection } = await connected();
    await connection.hello;
    engine.kill(id);
    await connection.closed;
    expect(await engine.inspect(id)).toMatchObject({ state: 'stopped' });
  });
});

describe('fake agent', () => {
  it('greets, and remembers on the next stream that it was there', async () => {
    const { engine, id, connection } = await connected();
    expect(await connection.hello).toMatchObject({ hash: 'h', resumed: false });
    connection.close(new Error('done'));
    const { stream } = await engine.exec(id, ['python3']);
    const next = new AgentConnection(stream);
    stream.write(headed({ secret: 's', hash: 'h', source: 0, replace: false }));
    expect(await next.hello).toMatchObject({ resumed: true });
  });

  it('prints what Python prints literally, and echoes the rest', async () => {
    const { connection } = await connected();
    const run = async (program: 'python' | 'shell', source: string) =>
      (await runProgram(connection, { program, source }, RUN)).stdout.head.toString();
    expect(await run('python', "print('hello')\nprint(42)")).toBe('hello\n42\n');
    expect(await run('shell', 'ls')).toBe('ls');
  });

  it('does what its script says, and cuts long output as asked', async () => {
    const { connection } = await connected((agent) => {
      agent.onRun = ({ env }) => ({ stdout: 'x'.repeat(500_000), stderr: env.A ?? '', exitCode: 3 });
    });
    const result = await runProgram(connection, { program: 'shell', source: '' }, { ...RUN, env: { A: 'b' } });
    expect(result).toMatchObject({ exitCode: 3, timedOut: false, cancelled: false });
    expect(result.stdout).toMatchObject({ omittedBytes: 498_900 });
    expect([result.stdout.head.length, result.stdout.tail.length]).toEqual([1000, 100]);
    expect(result.stderr.head.toString()).toBe('b');
  });

  it('ends a script that does not end, at the cancel or the timeout', async () => {
    const controller = new AbortController();
    const { connection } = await connected((agent) => {
      agent.onRun = ({ source }) => {
        if (source === 'cancel') controller.abort();
        return new Promise(() => undefined);
      };
    });
    const late = runProgram(connection, { program: 'shell', source: 'sleep' }, { ...RUN, timeoutMs: 1 });
    expect(await late).toMatchObject({ timedOut: true, cancelled: false, exitCode: 137 });
    const options = { ...RUN, signal: controller.signal };
    const cancelled = runProgram(connection, { program: 'shell', source: 'cancel' }, options);
    expect(await cancelled).toMatchObject({ timedOut: false, cancelled: true, exitCode: 137 });
  });

  it('keeps files', async () => {
    const { connection } = await connected();
    const bytes = Buffer.alloc(600_000, 'abc');
    expect(await writeFile(connection, 'notes/a.txt', [bytes], CALL)).toEqual({ bytes: 600_000, created: true });
    expect(await statPath(connection, '/home/user/notes/a.txt', CALL)).toMatchObject({ type: 'file', size: 600_000 });
    const { body } = await readFile(connection, '/workspace/notes/a.txt', CALL);
    expect((await text(body)).length).toBe(600_000);
    await expect(removePath(connection, 'notes', CALL)).rejects.toMatchObject({ code: 'is_directory' });
    expect(await removePath(connection, 'notes', { ...CALL, recursive: true })).toBe(true);
    await expect(statPath(connection, 'notes/a.txt', CALL)).rejects.toMatchObject({ code: 'not_found' });
  });
});
