import type { Channel, ChannelOutcome } from './channel.ts';
import { decodeJson, FRAME, type Frame, ProtocolError } from './codec.ts';
import { toAgentFailure } from './failures.ts';

/** Gives a frame to its channel; one that ends the channel goes to `finish`. Throws a ProtocolError for one that belongs to none. */
export function deliver(frame: Frame, channel: Channel, finish: (outcome: ChannelOutcome) => void): void {
  switch (frame.type) {
    case FRAME.DATA:
      channel.receiveData(frame.stream, frame.payload);
      break;
    case FRAME.END:
      channel.receiveEnd(frame.stream);
      break;
    case FRAME.CREDIT:
      channel.receiveCredit(frame.payload.readUInt32BE(0));
      break;
    case FRAME.EVENT:
      channel.receiveEvent(decodeJson(frame.payload));
      break;
    case FRAME.RESULT:
      finish({ result: decodeJson(frame.payload) });
      break;
    case FRAME.ERROR:
      finish({ failure: toAgentFailure(decodeJson(frame.payload)) });
      break;
    default:
      throw new ProtocolError(`A frame of type ${frame.type} came on channel ${frame.channel}.`);
  }
}
