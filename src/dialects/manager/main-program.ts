import { InvalidRequest } from '../../http/validation/validation.ts';
import type { ManagerNotes } from './notes.ts';
import { joinWords, splitWords } from './shell-words.ts';

type Part = NonNullable<ManagerNotes['command']>;
type Asked = string | readonly string[] | null | undefined;

/** The two parts of a main process. */
export type MainProgram = Pick<ManagerNotes, 'entrypoint' | 'command'>;

/** The parts as a client asks for them; a text is split as a shell would, behind `-c` it is one word. Throws for one that cannot be split. */
export function toMainProgram(asked: { readonly entrypoint?: Asked; readonly command?: Asked }): MainProgram {
  const entrypoint = toPart('entrypoint', asked.entrypoint);
  const isScript = entrypoint?.words.at(-1) === '-c';
  return { entrypoint, command: toPart('command', asked.command, isScript) };
}

/** What is to be run; empty where that is nothing. */
export function toArgv({ entrypoint, command }: MainProgram): readonly string[] {
  return [...(entrypoint?.words ?? []), ...(command?.words ?? [])];
}

function toPart(field: string, asked: Asked, isOneWord = false): Part | null {
  if (asked === null || asked === undefined || asked.length === 0) return null;
  if (typeof asked !== 'string') return { text: joinWords(asked), words: [...asked] };
  const words = isOneWord ? [asked] : splitWords(asked);
  if (words === null) {
    throw new InvalidRequest([{ loc: ['body', field], msg: 'has a quote that is not closed', type: 'unclosed_quote' }]);
  }
  return words.length === 0 ? null : { text: asked, words: [...words] };
}
