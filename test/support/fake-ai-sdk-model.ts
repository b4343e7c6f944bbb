import { MockLanguageModelV3 } from 'ai/test';

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** A model of the AI SDK that has this code run by the first tool, and then repeats what the tool said. */
export function fakeModel(code: string): MockLanguageModelV3 {
  return new MockLanguageModelV3({
    doGenerate: async ({ prompt, tools = [] }) => {
      const told = prompt.filter(({ role }) => role === 'tool');
      const [tool] = tools;
      if (told.length > 0 || !tool) {
        const text = `The tool said: ${JSON.stringify(told)}`;
        return {
          content: [{ type: 'text', text }],
          finishReason: { unified: 'stop', raw: 'stop' },
          usage,
          warnings: [],
        };
      }
      const input = JSON.stringify({ code });
      return {
        content: [{ type: 'tool-call', toolCallId: 'call-1', toolName: tool.name, input }],
        finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
        usage,
        warnings: [],
      };
    },
  });
}
