import { Readable } from 'node:stream';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import type { ImageBuild } from '../engine.ts';
import type { DockerCalls } from './docker-calls.ts';
import { statusOf } from './errors.ts';

/** Kept of what a build says, in characters. */
const KEPT = 2_000;

const PERIOD_MICROSECONDS = 100_000;

const line = z.object({ stream: z.string().optional(), error: z.string().optional() });

const imageList = z.array(z.object({ RepoTags: z.array(z.string()).nullish() }));

/**
 * Builds an image with the engine's classic builder, which knows no mounts, secrets and frontends. An answer that is left ends the build.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Image/operation/ImageBuild
 */
export async function buildImage(calls: DockerCalls, build: ImageBuild, deadlineMs: number): Promise<void> {
  const limits = {
    memory: build.memoryBytes,
    memswap: build.memoryBytes,
    cpuperiod: PERIOD_MICROSECONDS,
    cpuquota: Math.round(build.cpus * PERIOD_MICROSECONDS),
  };
  const context = Readable.from(build.context);
  let broken: unknown;
  const cut = new AbortController();
  context.on('error', (error) => {
    broken = error;
    cut.abort();
  });
  try {
    await calls.run(
      { doing: 'build the image' },
      async (docker, late) => {
        const abortSignal = AbortSignal.any([late, cut.signal]);
        const answer = await docker.buildImage(context, {
          ...{ t: build.name, dockerfile: build.dockerfile, labels: { ...build.labels }, networkmode: 'none' },
          ...{ ...limits, rm: true, forcerm: true, abortSignal },
        });
        await followBuild(Readable.from(answer), abortSignal);
      },
      deadlineMs,
    );
  } catch (error) {
    throw broken ?? error;
  } finally {
    context.destroy();
  }
}

/** The names of images that carry these labels. */
export async function builtImages(
  calls: DockerCalls,
  labels: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const filters = { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) };
  const found = await calls.run({ doing: 'list its images' }, (docker, abortSignal) =>
    docker.listImages({ filters, abortSignal }),
  );
  return imageList.parse(found).flatMap(({ RepoTags }) => RepoTags ?? []);
}

/** Removes an image by its name, with the layers that nothing else has. */
export async function removeImage(calls: DockerCalls, name: string): Promise<void> {
  try {
    await calls.run({ doing: 'remove the image' }, (docker, abortSignal) =>
      docker.getImage(name).remove({ abortSignal }),
    );
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

/** Reads what a build says until it is over: one JSON text a line. */
async function followBuild(answer: Readable, signal: AbortSignal): Promise<void> {
  const leave = () => answer.destroy(new Error('The build took too long.'));
  signal.addEventListener('abort', leave);
  let [rest, said] = ['', ''];
  try {
    for await (const chunk of answer) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = (lines.pop() ?? '').slice(0, 1_048_576);
      for (const text of lines) said = note(text, said);
    }
    note(rest, said);
  } finally {
    signal.removeEventListener('abort', leave);
    answer.destroy();
  }
}

/** What was said so far with this line; throws `invalid` where it is the error. */
function note(text: string, said: string): string {
  if (text.trim() === '') return said;
  const { stream = '', error } = line.parse(JSON.parse(text));
  if (error === undefined) return `${said}${stream}`.slice(-KEPT);
  const sentence = `The image cannot be built: ${error.trim()}. The last that the build said: ${said.trim()}`;
  throw new SandboxError('invalid', sentence, { field: 'build_context' });
}
