import type { FastifyReply } from 'fastify';

/** Answers with a sentence, as clients of this API read errors. */
export function sendText(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').serializer(String).send(sentence);
}
