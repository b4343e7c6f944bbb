import { SandboxConnectionError, toLost } from './errors.ts';

/** One event of a stream: `id` counts from 1 in its process, `event` names it, `data` is the rest. */
export interface SandboxEvent {
  readonly id: number | null;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The events of an answer in NDJSON up to `exit`; throws SandboxConnectionError where it ends before. Leaving the loop ends the answer. */
export async function* readEvents(response: Response): AsyncGenerator<SandboxEvent, void, undefined> {
  if (response.status === 204 || !response.body) return;
  let last: number | null = null;
  for await (const line of linesOf(response.body)) {
    const event = toEvent(line);
    if (!event) continue;
    last = event.id;
    yield event;
    if (event.event === 'exit') return;
  }
  const where = last === null ? '' : ` behind event ${last}`;
  throw new SandboxConnectionError(`The stream ended${where} without an exit; processes.events goes on from there.`);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => Promise.reject(toLost(error)));
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function toEvent(line: string): SandboxEvent | null {
  if (line.trim() === '') return null;
  const { id = null, event, ...data } = JSON.parse(line);
  return event === 'ping' ? null : { id, event, data };
}
