import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { isReserved } from '../../../sandboxes/spec/secret-environment.ts';
import { NO_CONTROL_CHARACTERS, userParams } from '../fields.ts';

/** Of the value, in UTF-8. */
const MAX_VALUE_BYTES = 4096;

/** What says how a message is carried: nothing of it may be a secret. */
const CARRIES =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding|proxy-.*|sec-websocket-.*)$/i;

export const secretParams = userParams.extend({
  name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must have up to 128 letters, digits and _, and not begin with a digit')
    .refine((name) => !isReserved(name), 'is a variable that programs need; choose another name')
    .meta({ description: 'The variable that holds its placeholder in the sandbox.', examples: ['API_KEY'] }),
});

export const secretBody = z
  .strictObject({
    value: unicodeText()
      .min(1, 'must not be empty')
      .refine((value) => Buffer.byteLength(value) <= MAX_VALUE_BYTES, `must have ${MAX_VALUE_BYTES} bytes or fewer`)
      .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
      .meta({ description: 'Kept encrypted, and shown to nobody again.', maxLength: MAX_VALUE_BYTES }),
    hosts: z
      .array(unicodeText().min(1, 'must not be empty').max(300, 'is too long'))
      .min(1, 'must name a host')
      .max(32, 'must have 32 entries or fewer')
      .meta({
        description:
          'Who gets it, over HTTPS alone: `api.example.org`, `*.example.org`, each with one `:port` if it is not 443.',
      }),
    header: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, 'must be the name of a header')
      .refine((name) => !CARRIES.test(name), 'says how a message is carried and holds no secret')
      .nullish()
      .meta({ description: 'Where it is put in. Absent: `Authorization`, `X-Api-Key` and `Api-Key`.' }),
    in_query: z.boolean().nullish().meta({ description: 'True: in the query of the URL too. Absent: false.' }),
  })
  .meta({ examples: [{ value: 'sk-1234567890abcdef', hosts: ['api.example.org'] }] });

const example = { name: 'API_KEY', hosts: ['api.example.org:443'], header: null, in_query: false };

const secretInfo = z
  .object({
    name: z.string(),
    hosts: z.array(z.string()).meta({ description: 'With their ports.' }),
    header: z.string().nullable(),
    in_query: z.boolean(),
  })
  .meta({ id: 'Secret', examples: [example] });

export const secretList = z
  .object({ secrets: z.array(secretInfo).meta({ description: 'By name, without values.' }) })
  .meta({ examples: [{ secrets: [example] }] });
