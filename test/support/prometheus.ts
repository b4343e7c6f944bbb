import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

const CONFIG = new URL('../../deploy/prometheus/', import.meta.url).pathname;

/** A Prometheus that reads one server each second, by the configuration of the repository. */
export interface Prometheus {
  /** What its API answers to a path below `/api/v1/`. */
  ask(path: string, query?: Readonly<Record<string, string>>): Promise<{ status: string; data: unknown }>;
  close(): Promise<void>;
}

/** Starts Debian's. */
export async function startPrometheus(target: string, token: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-prometheus-'));
  await cp(CONFIG, folder, { recursive: true });
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, token);
  const text = await readFile(join(folder, 'prometheus.yml'), 'utf8');
  const adapted = text
    .replace('"sandbox-api:8080"', JSON.stringify(target))
    .replace('/tmp/metrics-token', tokenFile)
    .replaceAll('_interval: 15s', '_interval: 1s');
  await writeFile(join(folder, 'prometheus.yml'), adapted);
  const address = `127.0.0.1:${await freePort()}`;
  const args = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`];
  const child = spawn('/usr/bin/prometheus', [...args, `--web.listen-address=${address}`], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const ask = async (path: string, query: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(query)}`);
    const { status, data = null } = JSON.parse(await answer.text());
    return { status: String(status), data };
  };
  await until('Prometheus answers', () =>
    ask('status/config').then(
      () => true,
      () => false,
    ),
  );
  return {
    ask,
    close: async () => {
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
