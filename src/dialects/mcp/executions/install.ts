import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { type Program, pipInstall } from '../../../processes/programs.ts';
import { toRequirements } from '../../../processes/requirements.ts';
import { textBlock } from '../blocks.ts';
import { defineTool } from '../tool.ts';
import { answerBy, endingOf } from './ending.ts';

/** Installations take long where there is something to compile, in seconds. */
const TIMEOUT = 300;

/** What a summary says of a failure, in lines and characters. */
const LAST_LINES = 15;
const MAX_LINES = 3000;

const name = unicodeText()
  .min(1, 'must not be empty')
  .max(1000, 'is too long')
  .refine((text) => !/\p{Cc}/u.test(text), 'must not hold control characters')
  .refine((text) => !text.trim().startsWith('-'), 'must be a package, not an option');

/** `install`: packages of pip or npm, which persist. */
export const install = defineTool({
  name: 'install',
  description: 'Install packages; they persist.',
  hints: { destructiveHint: false, idempotentHint: true, openWorldHint: true },
  shape: {
    packages: z.array(name).min(1, 'must name a package').max(100, 'are too many'),
    manager: z.enum(['pip', 'npm'], 'must be pip or npm').optional().meta({ description: 'pip if absent' }),
  },
  run: async ({ packages, manager = 'pip' }, call) => {
    const { core, ref, signal } = call;
    const how = { timeoutSeconds: TIMEOUT, answerByMs: answerBy(TIMEOUT), signal, needsRoom: true };
    const execution = await core.processes.run(ref, programOf(manager, packages), how);
    const isDone = execution.exitCode === 0;
    const summary = isDone ? summaryOf(execution.stdout, packages) : lastLines(execution.stderr || execution.stdout);
    const content = [textBlock(summary, endingOf(execution, call, { file: null }))];
    return isDone ? { content } : { content, isError: true };
  },
});

function programOf(manager: 'pip' | 'npm', packages: readonly string[]): Program {
  if (manager === 'pip') return pipInstall(packages.flatMap(toRequirements));
  return { program: 'argv', argv: ['npm', 'install', '--global', '--no-fund', '--no-audit', '--', ...packages] };
}

/** The lines that say what came of it. */
function summaryOf(log: string, packages: readonly string[]): string {
  const lines = log.split('\n').filter((line) => /^(?:Successfully installed|added|changed|up to date)/.test(line));
  return lines.length > 0 ? lines.join('\n') : `Already installed: ${packages.join(', ')}`;
}

function lastLines(log: string): string {
  const lines = log.trimEnd().split('\n');
  const errors = lines.filter((line) => /^(?:ERROR:|npm error)/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-LAST_LINES).join('\n').slice(-MAX_LINES);
}
