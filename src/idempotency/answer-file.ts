import { z } from 'zod';
import { readText, writeAtomically } from '../base/atomic-file.ts';

const answerSchema = z.strictObject({
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/** What was answered to the first of several same requests. */
export type FirstAnswer = z.infer<typeof answerSchema>;

const fileSchema = z.strictObject({
  /** The same for two requests if they ask for the same. */
  fingerprint: z.string(),
  /** Null from the beginning of the request until it has an answer. */
  answer: answerSchema.nullable(),
});

/** A request that was begun. */
export type AnswerFile = z.infer<typeof fileSchema>;

/** What a file says; null where there is none. */
export async function readAnswerFile(file: string): Promise<AnswerFile | null> {
  const text = await readText(file);
  return text === null ? null : fileSchema.parse(JSON.parse(text));
}

/** Resolves when it is on disk; a crash leaves what was there before. */
export async function writeAnswerFile(file: string, content: AnswerFile): Promise<void> {
  await writeAtomically(file, JSON.stringify(content));
}
