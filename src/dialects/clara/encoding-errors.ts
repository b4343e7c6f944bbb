import { isUnknownEncoding } from '../../files/refusals.ts';
import { InvalidRequest } from '../../http/validation/validation.ts';

/** Does work with an archive; an encoding that the sandbox does not know is the fault of that field of the request. */
export async function namingEncoding<Result>(part: 'body' | 'query', work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isUnknownEncoding(error)) throw error;
    const msg = 'must be an encoding that Python knows, such as gbk, shift_jis or cp866';
    throw new InvalidRequest([{ loc: [part, 'encoding'], msg, type: 'unknown_encoding' }]);
  }
}
