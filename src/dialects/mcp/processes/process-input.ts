import { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import { toSignalNumber } from '../../signals.ts';
import { textBlock } from '../blocks.ts';
import { anyText, count } from '../fields.ts';
import { answer, defineTool } from '../tool.ts';

const signalName = z
  .string()
  .refine((name) => toSignalNumber(name) !== undefined, 'must be the name of a signal, such as SIGINT or TERM');

/** `process_input`: types to a program in the background, and signals it. */
export const processInput = defineTool({
  name: 'process_input',
  description: 'Write text to the standard input of a background process, or send it a signal (INT, TERM, KILL).',
  hints: { openWorldHint: true },
  makesSandbox: false,
  shape: { id: count(1, Number.MAX_SAFE_INTEGER), text: anyText.optional(), signal: signalName.optional() },
  run: async ({ id, text, signal: name }, { core, ref, signal }) => {
    if (text === undefined && name === undefined) {
      throw new SandboxError('invalid', 'Give text to write, or a signal to send.');
    }
    if (text !== undefined) await core.processes.write(ref, id, [Buffer.from(text)], { closes: false, signal });
    const number = name === undefined ? undefined : toSignalNumber(name);
    if (number !== undefined) await core.processes.signal(ref, id, number, true);
    const done = [
      text === undefined ? '' : `wrote ${text.length} characters`,
      name === undefined ? '' : `sent ${name}`,
    ];
    return answer(textBlock(`Process ${id}: ${done.filter((part) => part !== '').join(', ')}.`));
  },
});
