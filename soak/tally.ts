/** The counts of a soak; `mistakes` has the first few sentences about what was wrong. */
export interface Tally {
  requests: number;
  /** Answers that a client has to expect while faults are injected: 503, or an execution that was cut off. */
  refused: number;
  wrongAnswers: number;
  lostWrites: number;
  faults: Record<string, number>;
  readonly mistakes: string[];
}

const MOST_MISTAKES = 20;

/** A tally of nothing. */
export function newTally(): Tally {
  return { requests: 0, refused: 0, wrongAnswers: 0, lostWrites: 0, faults: {}, mistakes: [] };
}

/** Keeps a sentence about something that was wrong, if there are not too many already. */
export function note(tally: Tally, sentence: string): void {
  if (tally.mistakes.length < MOST_MISTAKES) tally.mistakes.push(sentence);
}
