import { type Duplex, duplexPair } from 'node:stream';
import { encodeJson, FRAME, type FrameType } from '../../src/agent/wire/codec.ts';
import { AgentConnection } from '../../src/agent/wire/connection.ts';
import type { OpenListener } from '../../src/agent/wire/incoming-channel.ts';
import { encodeFrame } from './frames.ts';

const HELLO = { protocol: 1, hash: 'h', pid: 7, boot: 'b', python: '3.11.2', resumed: false };

/** A connection whose agent's end is in the test's hands. */
export interface HostileAgent {
  readonly connection: AgentConnection;
  /** The server's end of the stream. */
  readonly near: Duplex;
  /** The agent's end of the stream. */
  readonly far: Duplex;
  /** Sends a frame; the payload is bytes, or a value to be sent as JSON. */
  frame(type: FrameType, channel: number, payload?: unknown, stream?: number): void;
  raw(bytes: Uint8Array): void;
}

/** Opens a connection in memory; greets unless told otherwise. */
export function hostileAgent({
  greets = true,
  onOpen,
}: {
  greets?: boolean;
  onOpen?: OpenListener;
} = {}): HostileAgent {
  const [near, far] = duplexPair();
  const connection = new AgentConnection(near, onOpen);
  far.on('error', () => undefined);
  far.resume();
  const raw = (bytes: Uint8Array) => {
    if (far.writable) far.write(bytes);
  };
  const frame: HostileAgent['frame'] = (type, channel, payload = Buffer.alloc(0), stream = 0) =>
    raw(encodeFrame(type, channel, stream, payload instanceof Uint8Array ? payload : encodeJson(payload)));
  if (greets) frame(FRAME.HELLO, 0, HELLO);
  return { connection, near, far, frame, raw };
}
