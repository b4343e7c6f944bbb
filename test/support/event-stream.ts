/** An event of a stream, however it was written. */
export interface ServerEvent {
  readonly id?: number;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  readonly data: any;
}

/** The events of an answer as they come; server-sent events or a JSON object a line, pings left out. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  const isSse = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const end = isSse ? '\n\n' : '\n';
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let at = text.indexOf(end); at !== -1; at = text.indexOf(end)) {
      const event = isSse ? parseSse(text.slice(0, at)) : parseLine(text.slice(0, at));
      text = text.slice(at + end.length);
      if (event) yield event;
    }
  }
  if (text !== '') throw new Error(`The stream ended within an event: ${text.slice(0, 200)}`);
}

/** All events of a stream that ends. */
export async function readEvents(response: Promise<Response>): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of eventsOf(await response)) events.push(event);
  return events;
}

/** The text of all events of this name, such as stdout. */
export function textOf(events: readonly ServerEvent[], name: string): string {
  return events
    .filter(({ event }) => event === name)
    .map(({ data }) => data.text)
    .join('');
}

function parseSse(block: string): ServerEvent | null {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const event = fields.get('event');
  if (event === undefined) return null;
  const id = fields.get('id');
  return { ...(id === undefined ? {} : { id: Number(id) }), event, data: JSON.parse(fields.get('data') ?? '') };
}

function parseLine(line: string): ServerEvent | null {
  const { id, event, ...data } = JSON.parse(line);
  if (event === 'ping') return null;
  return { ...(id === undefined ? {} : { id }), event, data };
}
