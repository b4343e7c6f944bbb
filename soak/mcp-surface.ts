import { z } from 'zod';
import { byKey, type Ended, type SoakAnswer, type SoakRequest, type Surface } from './surface.ts';

const message = z.object({
  result: z
    .object({
      content: z.array(z.object({ text: z.string().default('') })).default([]),
      isError: z.boolean().default(false),
    })
    .optional(),
});

/** How a run ended, behind what it wrote. */
const ENDING = /(?:^|\n)\[exit (-?\d+), [^\]]*\](?:\n[^\n]*)?$/;

/** A sandbox of MCP's clients, which name it; it belongs to all keys whose prefix fits. */
export const mcp: Surface = {
  name: 'mcp',
  credential: (user, key) => ({ ...byKey(user, key), accept: 'application/json, text/event-stream' }),
  make: (user) => call('run_shell', { command: 'true', sandbox: user }),
  idOf: (_made, user) => user,
  run: (id, command) => call('run_shell', { command, sandbox: id }),
  ended: toEnded,
  look: (id) => call('sandbox', { action: 'status', sandbox: id }),
  remove: (id) => ({ method: 'DELETE', path: `/sandbox/${id}?files=true` }),
  isDown: ({ status, text }) => status === 503 || (status === 200 && isRefusal(text)),
  isHidden: ({ text }) => /only for users whose ids begin with/.test(text) && isRefusal(text),
};

function call(name: string, args: Readonly<Record<string, unknown>>): SoakRequest {
  const params = { name, arguments: args };
  return { method: 'POST', path: '/mcp', body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params } };
}

/** The answer without its frame: as one body, or as the last message of a stream. */
function resultOf(text: SoakAnswer['text']) {
  const last = text.split('\n').findLast((one) => one.startsWith('data: '));
  return message.parse(JSON.parse(last?.slice('data: '.length) ?? text)).result;
}

function isRefusal(text: string): boolean {
  return text.includes('"jsonrpc"') && (resultOf(text)?.isError ?? false);
}

function toEnded(answer: string): Ended {
  const text = (resultOf(answer)?.content ?? []).map((block) => block.text).join('\n');
  const ending = ENDING.exec(text);
  const stdout = text.slice(0, ending?.index ?? text.length);
  return { stdout: stdout === '' ? '' : `${stdout}\n`, exitCode: Number(ending?.[1] ?? 1) };
}
