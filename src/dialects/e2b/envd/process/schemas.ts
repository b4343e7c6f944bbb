import { z } from 'zod';
import { bytes, text, textOrEmpty, uint32 } from '../connect/messages.ts';

/** Names of variables are what a program can be given; others are of no use to it. */
const envs = z
  .record(z.string().regex(/^[^=\0]+$/, 'must have names without = and NUL'), text)
  .nullish()
  .transform((value) => value ?? {});

const config = z.object({
  cmd: text.min(1, 'must not be empty'),
  args: z
    .array(text)
    .nullish()
    .transform((value) => value ?? []),
  envs,
  cwd: textOrEmpty,
});

/** What is run, as clients say it and lists tell it. */
export type ProcessConfig = z.output<typeof config>;

export const storedConfig = config;

const side = uint32.pipe(z.int().min(1).max(65_535));

const pty = z.object({ size: z.object({ cols: side, rows: side }).nullish() });

/** Which process is meant: by its number in the sandbox, or by what its start called it. */
const selector = z.object({ pid: uint32.nullish(), tag: text.nullish() }).nullish();

export type Selector = z.output<typeof selector>;

export const startRequest = z.object({
  process: config,
  pty: pty.nullish(),
  tag: text.nullish(),
  stdin: z.boolean().nullish(),
});

export const connectRequest = z.object({ process: selector });

export const sendInputRequest = z.object({
  process: selector,
  input: z.object({ stdin: bytes.nullish(), pty: bytes.nullish() }).nullish(),
});

export const sendSignalRequest = z.object({ process: selector, signal: z.union([z.string(), z.int()]).nullish() });

export const updateRequest = z.object({ process: selector, pty: pty.nullish() });

export const nothing = z.object({});
