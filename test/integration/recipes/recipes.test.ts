import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { recipeExamples, runRecipe, withLine } from '../../support/recipe.ts';
import { typeErrors, withoutTypes } from '../../support/recipe-types.ts';

const KEY = 'e2b_0123456789abcdef0123456789abcdef';

let server: RealServer;
let variables: Readonly<Record<string, string>>;

beforeAll(async () => {
  server = await startRealServer({ SANDBOX_API_KEY: KEY });
  variables = {
    E2B_API_URL: server.url,
    E2B_SANDBOX_URL: server.url,
    E2B_API_KEY: KEY,
    SANDBOX_URL: server.url,
    SANDBOX_API_KEY: KEY,
  };
});

afterAll(async () => {
  await server.close();
});

async function exampleOf(recipe: string, language: string): Promise<string> {
  const [code] = await recipeExamples(recipe, language);
  if (code === undefined) throw new Error(`The recipe ${recipe} has no example in ${language}.`);
  return code;
}

/** The code that the models of these tests want to have run. */
const FIBONACCI = 'a, b = 0, 1\nfor _ in range(20):\n    a, b = b, a + b\na';

describe('a recipe', () => {
  it("for E2B's client in JavaScript works as it stands", async () => {
    const printed = await runRecipe(await exampleOf('e2b-javascript', 'js'), variables);
    expect(printed).toBe('lines: 3\nsum: 8\npicture: true Sales\nerror: ZeroDivisionError\nafter a pause: 2\n');
  });

  it('for the AI SDK works with a model that calls its tool', async () => {
    const code = withLine(
      await exampleOf('ai-sdk', 'js'),
      "import { openai } from '@ai-sdk/openai';",
      `import { fakeModel } from './test/support/fake-ai-sdk-model.ts';\nconst openai = () => fakeModel(${JSON.stringify(FIBONACCI)});`,
    );
    expect(await runRecipe(code, variables)).toMatch(/^The tool said: .*6765/);
  });

  it('for LangChain works with a model that calls its tool', async () => {
    const code = withLine(
      await exampleOf('langchain', 'js'),
      "import { ChatOpenAI } from '@langchain/openai';",
      `import { FakeChatModel } from './test/support/fake-chat-model.ts';\nclass ChatOpenAI extends FakeChatModel { code = ${JSON.stringify(FIBONACCI)} }`,
    );
    expect(await runRecipe(code, variables)).toMatch(/^The tool said: .*6765.*\n0 pictures\n$/);
  });

  it('for a bot on Discord is typed, and answers who mentions it with texts and pictures', async () => {
    const recipe = await exampleOf('discord-bot', 'ts');
    expect(typeErrors(recipe)).toEqual([]);
    const code = withLine(
      withoutTypes(recipe),
      "import { Client, Events, GatewayIntentBits } from 'discord.js';",
      "import { Events, GatewayIntentBits } from 'discord.js';\nimport { FakeClient as Client } from './test/support/fake-discord.ts';",
    );
    const said = { author: '7', isBot: false, isMentioned: true };
    const messages = [
      { ...said, content: '<@1> x = 20; print("hi")' },
      { ...said, content: 'And now?\n```py\nimport matplotlib.pyplot as plt\nplt.plot([1, 4, 2]);\n```' },
      { ...said, content: '<@1> print(x); 1 / 0' },
      { ...said, content: '<@1> y = 1' },
      { ...said, content: '<@1> print(x)', author: '8' },
      { ...said, content: 'print(1)', isMentioned: false },
      { ...said, content: '<@1> print(1)', isBot: true },
    ];
    const printed = await runRecipe(code, { ...variables, DISCORD_TOKEN: 't', MESSAGES: JSON.stringify(messages) });
    const replies = printed
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(replies).toEqual([
      ['```\nhi\n```'],
      [expect.any(String), 'figure-1.png PNG'],
      [expect.stringMatching(/^```\n20\n[\s\S]*ZeroDivisionError/)],
      ['Done.'],
      [expect.stringContaining('NameError')],
    ]);
  });
});
