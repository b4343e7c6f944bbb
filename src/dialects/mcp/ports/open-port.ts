import { z } from 'zod';
import { textBlock } from '../blocks.ts';
import { count } from '../fields.ts';
import type { Links } from '../links.ts';
import { answer, defineTool, type Tool } from '../tool.ts';

/** `open_port`: where a browser sees a server that runs in the sandbox. */
export function openPort(links: Links): Tool {
  return defineTool({
    name: 'open_port',
    description:
      'URL of a server in the sandbox. Private: the URL is signed, for an hour. Public: anybody may open it.',
    hints: { destructiveHint: false, idempotentHint: true, openWorldHint: true },
    shape: { port: count(1, 65_535), public: z.boolean().optional() },
    run: async ({ port, public: isPublic = false }, call) => {
      const { url, isListening } = await links.ofPort(call, port, isPublic);
      const notYet = `[nothing listens on port ${port} yet; start a server there with run_shell in the background]`;
      return answer(textBlock(url, isListening ? undefined : notYet));
    },
  });
}
