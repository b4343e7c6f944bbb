import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_METRICS_TOKEN: 'metrics-token-of-the-tests' });
});

afterAll(() => server.close());

async function read(): Promise<string> {
  const headers = { authorization: 'Bearer metrics-token-of-the-tests' };
  const answer = await fetch(`${server.url}/metrics`, { headers });
  expect(answer.status).toBe(200);
  return await answer.text();
}

const has = async (line: RegExp) => line.test(await read());

it('the metrics tell what sandboxes that run take, how runs ended and what went out', async () => {
  await server.execute('u', 'held = bytearray(20 << 20)');
  await server.execute('u', 'import time; time.sleep(9)', { timeout: 1 });
  await server.shell('u', 'curl -s http://127.0.0.2:1/ || true');
  await server.execute('u', 'print(undefined)');
  const text = await read();
  expect(text).toMatch(/^execution_errors_total\{error_type="timeout"\} 1$/m);
  expect(text).toMatch(/^execution_errors_total\{error_type="exit"\} 1$/m);
  expect(text).toMatch(/^sandbox_acquire_duration_seconds_count\{how="(claim|start)"\} 1$/m);
  expect(text).toMatch(/^clara_engine_call_duration_seconds_count\{call="start"\} [1-9]/m);
  // Measured every ten seconds.
  await until('the sampler has looked', () => has(/^sandbox_memory_usage_bytes [1-9]\d{5,}$/m));
  expect(await read()).toMatch(/^sandbox_container_count 1$/m);
  expect(await read()).toMatch(/^clara_agent_round_trip_seconds_count [1-9]/m);
});
