import { type StreamEvent, toText } from './events.ts';
import type { StreamFormat } from './format.ts';

/** What the OpenAPI document says of a stream: the name of its events' schema, and one as it may come. */
export interface StreamDocument {
  readonly event: string;
  readonly example: readonly StreamEvent[];
}

const FORMATS: readonly {
  readonly format: StreamFormat;
  readonly type: string;
  readonly form: string;
}[] = [
  {
    format: 'sse',
    type: 'text/event-stream',
    form: 'Server-sent events: `id` and `event` are fields of their own, `data` is JSON of the rest. A comment where nothing else is said for 15 s.',
  },
  {
    format: 'ndjson',
    type: 'application/x-ndjson',
    form: 'An event is a JSON object in a line of its own. `{"event": "ping"}` where nothing else is said for 15 s.',
  },
];

/** The media types of an answer that is a stream, by name; each is text, of which a schema can describe an event. */
export function toStreamContent({ event, example }: StreamDocument): Readonly<Record<string, unknown>> {
  const contentSchema = { $ref: `#/components/schemas/${event}` };
  return Object.fromEntries(
    FORMATS.map(({ format, type, form }) => [
      type,
      {
        schema: { type: 'string', description: form, contentMediaType: 'application/json', contentSchema },
        example: example.map((one) => toText(format, one)).join(''),
      },
    ]),
  );
}
