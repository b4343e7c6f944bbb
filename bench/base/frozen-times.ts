import { connectEngine } from './containers.ts';

interface EngineEvent {
  readonly Action: string;
  readonly timeNano: number;
}

/** How long the engine kept a server's containers frozen since a moment, one after the other, in milliseconds. */
export async function frozenTimesOf(instance: string, sinceMs: number): Promise<number[]> {
  const events = await connectEngine().getEvents({
    since: sinceMs / 1000,
    until: Date.now() / 1000,
    filters: { label: [`clara.instance=${instance}`], event: ['pause', 'unpause'] },
  });
  let text = '';
  for await (const chunk of events) text += String(chunk);
  const spans: number[] = [];
  let frozenAt: number | null = null;
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const { Action: action, timeNano } = JSON.parse(line) as EngineEvent;
    if (action === 'pause') frozenAt = timeNano;
    else if (frozenAt !== null) spans.push((timeNano - frozenAt) / 1e6);
  }
  return spans;
}
