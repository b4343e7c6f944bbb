import { BaseChatModel, type BindToolsInput } from '@langchain/core/language_models/chat_models';
import { AIMessage, type BaseMessage, ToolMessage } from '@langchain/core/messages';
import type { ChatResult } from '@langchain/core/outputs';

/** A model of LangChain that has its code run by the tool that is bound to it, and then repeats what the tool said. */
export class FakeChatModel extends BaseChatModel {
  code = '';
  #tool = '';

  constructor(_options: object = {}) {
    super({});
  }

  _llmType(): string {
    return 'fake';
  }

  override bindTools(tools: BindToolsInput[]): this {
    const [tool] = tools;
    this.#tool = tool && 'name' in tool && typeof tool.name === 'string' ? tool.name : '';
    return this;
  }

  async _generate(messages: BaseMessage[]): Promise<ChatResult> {
    const told = messages.filter((message) => message instanceof ToolMessage);
    const call = { name: this.#tool, args: { code: this.code }, id: 'call-1', type: 'tool_call' as const };
    const message =
      told.length > 0
        ? new AIMessage(`The tool said: ${told.map(({ content }) => String(content)).join('')}`)
        : new AIMessage({ content: '', tool_calls: [call] });
    return { generations: [{ text: String(message.content), message }] };
  }
}
