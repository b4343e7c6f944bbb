import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { isSandboxError } from '../../../base/errors.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { sendStream } from '../../../http/streams/sending.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { Core } from '../../dialect.ts';
import { cutWhereGone } from '../cutting.ts';
import { defaultContextOf, HOME, languageOfDefault } from './defaults.ts';
import { findLanguage } from './languages.ts';
import { type Line, toLines } from './lines.ts';
import type { executeBody } from './schemas.ts';
import { sendText } from './text.ts';
import { toTexts } from './writing.ts';

/** The longest that code may run, in seconds: its caller decides when it is enough. */
const MAX_SECONDS = 86_400;

interface Running extends Pick<Core, 'contexts' | 'sandboxes' | 'clock'> {
  readonly ref: SandboxRef;
}

/** Runs code in a context, or in the one of its language, and answers as it goes: an object a line. */
export async function answerExecution(
  request: FastifyRequest,
  reply: FastifyReply,
  { ref, contexts, sandboxes, clock }: Running,
  { code, context_id: id, language: name, env_vars: env }: z.output<typeof executeBody>,
): Promise<FastifyReply> {
  if (id && name) return sendText(reply, 400, 'Only one of context_id or language can be provided');
  const known = id ? await languageOf(contexts, ref, id) : name || 'python';
  if (known === null) return sendText(reply, 404, `Context ${id} not found`);
  const target = findLanguage(known);
  if ('refusal' in target) return sendText(reply, 500, target.refusal);
  // TypeScript and JavaScript that name no context share one.
  const isTyped = target.language === 'typescript' ? true : undefined;
  const language = isTyped && !id ? 'javascript' : target.language;
  const hasEnv = env && Object.keys(env).length > 0;
  const events = contexts.stream(ref, id || defaultContextOf(language), {
    code,
    isTyped,
    timeoutSeconds: MAX_SECONDS,
    isSilent: false,
    keepsRunning: false,
    hasInput: false,
    signal: AbortSignal.any([disconnectSignal(reply), request.server.closing]),
    scope: hasEnv ? { cwd: null, env } : undefined,
    standard: id && languageOfDefault(id) === null ? undefined : { language, cwd: HOME },
    isRich: true,
  });
  const lines = toLines(events, language, clock);
  let first: IteratorResult<Line>;
  try {
    first = await lines.next();
  } catch (error) {
    if (await cutWhereGone(sandboxes, ref, reply, error)) return reply.hijack();
    if (!isSandboxError(error, 'not_found')) throw error;
    return sendText(reply, 404, `Context ${id} not found`);
  }
  return await sendStream(reply, 'application/json', toTexts(first, lines));
}

/** The language of a context; null where there is none of this id. */
async function languageOf(contexts: Core['contexts'], ref: SandboxRef, id: string): Promise<string | null> {
  return (await contexts.list(ref)).find((one) => one.id === id)?.language ?? languageOfDefault(id);
}
