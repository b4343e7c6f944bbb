import { posix } from 'node:path';
import { z } from 'zod';
import { toFilePath } from '../../../files/paths.ts';
import type { Execution } from '../../../processes/executions.ts';
import { showBytes, textBlock } from '../blocks.ts';
import { answerBy } from '../executions/ending.ts';
import { path as pathField, text } from '../fields.ts';
import { defineTool } from '../tool.ts';
import { FETCHER } from './fetcher.ts';

/** How long a download may take, in seconds. */
const TIMEOUT = 300;

const fetched = z.object({ size: z.int().min(0), type: z.string().max(200) });

/** `fetch_url`: a download into the sandbox, made by it, so that the rules of its way out hold. */
export const fetchUrl = defineTool({
  name: 'fetch_url',
  description: 'Download a URL into the sandbox.',
  hints: { openWorldHint: true },
  shape: {
    url: text
      .max(8192, 'is too long')
      .refine((url) => /^https?:\/\//i.test(url) && URL.canParse(url), 'must be a URL of http or https'),
    path: pathField.optional().meta({ description: "/workspace/<the URL's last name> if absent" }),
  },
  run: async ({ url, path }, { core, ref, signal, note }) => {
    const file = toFilePath(path ?? nameOf(url));
    const source = `${FETCHER}\nfetch(${JSON.stringify(url)}, ${JSON.stringify(file)}, ${TIMEOUT})\n`;
    const how = { timeoutSeconds: TIMEOUT, answerByMs: answerBy(TIMEOUT), signal, needsRoom: true };
    const execution = await core.processes.run(ref, { program: 'python', source }, how);
    const result = execution.exitCode === 0 ? parseResult(execution.stdout) : null;
    note(result ? 'fetched' : 'not fetched');
    if (!result) return { content: [textBlock(whyNot(execution))], isError: true };
    return { content: [textBlock(`${file}, ${showBytes(result.size)} (${result.size} bytes), ${result.type}`)] };
  },
});

function nameOf(url: string): string {
  const last = posix.basename(new URL(url).pathname).replace(/[^\w.@+-]+/g, '_');
  return /^\.*$/.test(last) ? 'download' : last;
}

function parseResult(stdout: string): z.output<typeof fetched> | null {
  try {
    return fetched.safeParse(JSON.parse(stdout)).data ?? null;
  } catch {
    return null;
  }
}

function whyNot({ stderr, timedOut, notice }: Execution): string {
  if (timedOut) return `The download took longer than ${TIMEOUT} seconds.`;
  return notice ?? (stderr.trim().split('\n').at(-1) || 'The download failed.');
}
