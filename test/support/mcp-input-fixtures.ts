import type { InputRequest, McpServer, RequestStateCodec } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Sdk } from '../../src/dialects/mcp/serving.ts';

/** Which step of a call its state is of. */
type Step = 1 | 2;

const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] });
const none = z.object({});
const named = z.object({ name: z.string() });
const confirmed = z.object({ ok: z.boolean() });
const coloured = z.object({ color: z.string() });

/** What a client says of itself with each request, as far as it matters here. */
const clientCapabilities = z.object({ elicitation: z.unknown(), sampling: z.unknown() }).partial();

/** The tools and the prompt of the conformance suite that ask for input by their result, and those that only tell what a client can. */
export function addInputFixtures(server: McpServer, sdk: Sdk, state: RequestStateCodec<Step>): void {
  const { acceptedContent, inputRequired, inputResponse } = sdk;
  const name = (message: string) => inputRequired.elicit({ message, requestedSchema: named });
  const sample = (words: string, maxTokens: number): InputRequest =>
    inputRequired.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: words } }],
      maxTokens,
    });
  const canOf = (envelope: unknown) => {
    const said = z.object({ [sdk.CLIENT_CAPABILITIES_META_KEY]: clientCapabilities.default({}) });
    return said.parse(envelope ?? {})[sdk.CLIENT_CAPABILITIES_META_KEY];
  };
  const about = (description: string) => ({ description, inputSchema: none });

  server.registerTool('test_input_required_result_elicitation', about('asks for a name'), (_input, { mcpReq }) => {
    const answer = acceptedContent(mcpReq.inputResponses, 'user_name', named);
    if (answer) return text(`Hello, ${answer.name}!`);
    return inputRequired({ inputRequests: { user_name: name('What is your name?') } });
  });

  server.registerTool('test_input_required_result_sampling', about('asks a model'), (_input, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'capital_question');
    if (answer.kind === 'sampling') return text(JSON.stringify(answer.result.content));
    return inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?', 100) } });
  });

  server.registerTool('test_input_required_result_list_roots', about('asks for roots'), (_input, { mcpReq }) => {
    const answer = inputResponse(mcpReq.inputResponses, 'client_roots');
    if (answer.kind === 'roots') return text(answer.roots.map(({ uri }) => uri).join('\n'));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });

  for (const [tool, message] of [
    ['test_input_required_result_request_state', 'Please confirm'],
    ['test_input_required_result_tampered_state', 'Please confirm once more'],
  ] as const) {
    server.registerTool(tool, about('keeps a state'), async (_input, { mcpReq }) => {
      const answer = acceptedContent(mcpReq.inputResponses, 'confirm', confirmed);
      if (answer && mcpReq.requestState<Step>() === 1) return text('state-ok');
      const confirm = inputRequired.elicit({ message, requestedSchema: confirmed });
      return inputRequired({ inputRequests: { confirm }, requestState: await state.mint(1) });
    });
  }

  server.registerTool(
    'test_input_required_result_multiple_inputs',
    about('asks thrice'),
    async (_input, { mcpReq }) => {
      const { inputResponses: given } = mcpReq;
      const answer = acceptedContent(given, 'user_name', named);
      const isWhole = inputResponse(given, 'greeting').kind === 'sampling';
      if (answer && isWhole && inputResponse(given, 'client_roots').kind === 'roots')
        return text(`Hello, ${answer.name}!`);
      return inputRequired({
        inputRequests: {
          user_name: name('What is your name?'),
          greeting: sample('Generate a greeting', 50),
          client_roots: inputRequired.listRoots(),
        },
        requestState: await state.mint(1),
      });
    },
  );

  server.registerTool('test_input_required_result_multi_round', about('asks twice'), async (_input, { mcpReq }) => {
    const step = mcpReq.requestState<Step>();
    const colour = acceptedContent(mcpReq.inputResponses, 'step2', coloured);
    if (step === 2 && colour) return text(`Your favorite color is ${colour.color}.`);
    if (step === 1 && acceptedContent(mcpReq.inputResponses, 'step1', named)) {
      const step2 = inputRequired.elicit({
        message: 'Step 2: What is your favorite color?',
        requestedSchema: coloured,
      });
      return inputRequired({ inputRequests: { step2 }, requestState: await state.mint(2) });
    }
    return inputRequired({
      inputRequests: { step1: name('Step 1: What is your name?') },
      requestState: await state.mint(1),
    });
  });

  server.registerTool('test_input_required_result_capabilities', about('asks who it can'), (_input, { mcpReq }) => {
    const can = canOf(mcpReq.envelope);
    const inputRequests: Record<string, InputRequest> = {
      ...(can.elicitation ? { user_name: name('What is your name?') } : {}),
      ...(can.sampling ? { greeting: sample('Generate a greeting', 50) } : {}),
    };
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : text('There is nobody to ask.');
  });

  // The library refuses the question for a client without a model.
  server.registerTool('test_missing_capability', about('needs a model'), () =>
    inputRequired({ inputRequests: { question: sample('Are you there?', 10) } }),
  );

  server.registerTool('test_streaming_elicitation', about('asks in a stream'), () =>
    inputRequired({ inputRequests: { user_name: name('What is your name?') } }),
  );

  server.registerTool('test_logging_tool', about('logs where that is asked for'), async (_input, { mcpReq }) => {
    await mcpReq.log('info', 'The tool was called.');
    return text('done');
  });

  const context = z.object({ context: z.string() });
  server.registerPrompt('test_input_required_result_prompt', { description: 'asks for its context' }, ({ mcpReq }) => {
    const answer = acceptedContent(mcpReq.inputResponses, 'user_context', context);
    if (answer) {
      return { messages: [{ role: 'user', content: { type: 'text', text: `The context is ${answer.context}.` } }] };
    }
    const message = 'What context should the prompt use?';
    return inputRequired({
      inputRequests: { user_context: inputRequired.elicit({ message, requestedSchema: context }) },
    });
  });
}
