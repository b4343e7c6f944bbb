import type Docker from 'dockerode';
import { z } from 'zod';
import { isImageReference } from '../image-reference.ts';
import type { DockerCalls } from './docker-calls.ts';
import { statusOf } from './errors.ts';

const imageSchema = z.object({ Id: z.string() });

/** The id of the image that has this name at the moment; null where the engine has none. */
export async function imageIdOf(calls: DockerCalls, name: string): Promise<string | null> {
  if (!isImageReference(name)) return null;
  try {
    const image = await calls.run({ doing: 'look at the image' }, (docker, abortSignal) =>
      dial(docker, `/images/${name}/json`, abortSignal),
    );
    return imageSchema.parse(image).Id;
  } catch (error) {
    const status = statusOf(error);
    // 400: no image can have such a name.
    if (status === 404 || status === 400) return null;
    throw error;
  }
}

/** What dockerode's own call lacks is the signal: a request that is late would stay. */
function dial(docker: Docker, path: string, abortSignal: AbortSignal): Promise<unknown> {
  const request = {
    path,
    method: 'GET',
    abortSignal,
    statusCodes: { 200: true, 404: 'no such image', 500: 'server error' },
  };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, answer: unknown) => (error ? reject(error) : resolve(answer)));
  });
}
