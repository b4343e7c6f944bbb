/**
 * Why sandboxes are stopped: somebody asked for it, to start it again, to change it or to restore its files; nobody used it, or it worked for as long as it may
 * without a request; its time was over; it made room for another; a limit or a network that the server holds; its main process ended; its agent could not be
 * mended; or the engine had it stopped.
 */
type StopCause =
  | 'requested'
  | 'restart'
  | 'settings'
  | 'restore'
  | 'idle'
  | 'background_max'
  | 'expired'
  | 'eviction'
  | 'limit'
  | 'not_permitted'
  | 'main_ended'
  | 'agent'
  | 'lost';

/** The cause and what the stop ends, as records and clients have it. */
export type StopReason = StopCause | `${StopCause}: ${string}`;

/** The reason of a stop that ends this work. */
export function toStopReason(cause: StopCause, ended: readonly string[]): StopReason {
  return ended.length === 0 ? cause : `${cause}: ${ended.join(', ')}`;
}
