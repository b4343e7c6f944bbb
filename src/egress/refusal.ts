import type { AnswerCode } from '../agent/wire/incoming-channel.ts';
import type { Verdict } from './egress-log.ts';

/** Why there is no connection: the agent hears the code, the program the sentence. */
export class Refusal extends Error {
  readonly verdict: Verdict;
  readonly code: AnswerCode;

  constructor(verdict: Verdict, code: AnswerCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.verdict = verdict;
    this.code = code;
  }
}
