import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { ContextLanguage } from '../../../contexts/languages.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { sendEvents } from '../../../http/streams/events.ts';
import { toOutcome } from '../../../processes/executions.ts';
import { refOf } from '../../dialect.ts';
import { toStream } from '../processes/mapping.ts';
import { noting } from '../processes/noting.ts';
import type { ProcessRoutesOptions } from '../processes/routes.ts';
import { requireTimeout, toStreamFormat } from '../runs/streaming.ts';
import { toCellResponse } from './mapping.ts';
import type { cellResponse } from './schemas.ts';

interface AskedCell {
  /** The id of the context. */
  readonly id: string;
  readonly code: string;
  /** That of the code, where the request says so. */
  readonly language?: ContextLanguage | undefined;
  readonly timeoutSeconds: number;
  readonly isSilent: boolean;
  /** True if the answer says which files of the workspace have changed. */
  readonly tracksFiles: boolean;
  /** True if the code goes on although its caller has left. */
  readonly isKeptRunning: boolean;
  /** True if the body asks for a stream. */
  readonly isStreamed: boolean;
}

/** Runs code in a context and answers at its end, or as it goes where the request asks for that. */
export async function answerCell(
  request: FastifyRequest,
  reply: FastifyReply,
  { contexts, maxTimeoutSeconds }: ProcessRoutesOptions,
  { id, isKeptRunning, isStreamed, ...cell }: AskedCell,
): Promise<z.output<typeof cellResponse> | FastifyReply> {
  const { timeoutSeconds } = cell;
  const format = toStreamFormat(request, isStreamed);
  requireTimeout(timeoutSeconds, format, maxTimeoutSeconds);
  const left = disconnectSignal(reply);
  if (format === null) {
    const signal = isKeptRunning ? undefined : left;
    const ended = await contexts.execute(refOf(request), id, { ...cell, signal });
    request.outcome = toOutcome(ended.execution);
    return toCellResponse(ended, timeoutSeconds);
  }
  const how = { ...cell, keepsRunning: isKeptRunning, signal: left };
  const events = noting(contexts.stream(refOf(request), id, how), (event) => {
    if (event.type === 'exit') request.outcome = toOutcome(event.execution);
  });
  return await sendEvents(reply, format, toStream(events, timeoutSeconds));
}
