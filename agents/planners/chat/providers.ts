/**
 * The providers that `chat` can ask, by LangChain's names: where their settings go in LangChain's classes, and what their servers
 * need. A further one that `initChatModel` knows is a row here and its package in package.json.
 */
import type { JsonObject } from '../../../src/contract/index.ts';
import type { OfferedTool } from '../../offer/offered.ts';
import type { ContextLimit } from '../language/asked.ts';
import type { Connection } from '../language/send.ts';
import { jsonLines } from './lines.ts';

export interface Provider {
  readonly address: string;
  /** Environment variable of its key; null: it takes none. */
  readonly key: string | null;
  /** A server of one's own may ask for no key. */
  readonly keyOnlyHere: boolean;
  /** Stands in the record. */
  readonly settings: JsonObject;
  readonly context: ContextLimit;
  /** What its class is made with. `signal` is for those whose class does not take one for each request. */
  fields(connection: Required<Connection>, signal: AbortSignal): Record<string, unknown>;
  tools(offered: readonly OfferedTool[]): Record<string, unknown>[];
  /** What goes with each request. */
  readonly options: Record<string, unknown>;
  /** What is to be done to LangChain's object before it is used. */
  prepare?(model: object): void;
}

/** As for other language models: attention and money go down long before a large window is full. */
const CONTEXT: ContextLimit = { tokens: 100_000, whole: 6 };
const MOST_WRITTEN = 16_000;

/** Ollama cuts what does not fit its window without a word, and its own default holds not even our tools. */
const OLLAMA = { num_ctx: 49_152, num_predict: 8192 };

const functions = (offered: readonly OfferedTool[]) =>
  offered.map(({ name, description, schema }) => ({
    type: 'function',
    function: { name, description, parameters: schema },
  }));

export const providers: Readonly<Record<string, Provider>> = {
  openai: {
    address: 'https://api.openai.com/v1',
    key: 'OPENAI_API_KEY',
    keyOnlyHere: true,
    settings: { max_tokens: MOST_WRITTEN },
    context: CONTEXT,
    fields: ({ apiKey, baseURL }) => ({
      apiKey: apiKey ?? 'none',
      maxTokens: MOST_WRITTEN,
      streamUsage: true,
      // Refusals stand there and nowhere else.
      __includeRawResponse: true,
      configuration: { baseURL, logLevel: 'off' },
    }),
    tools: functions,
    options: { parallel_tool_calls: false },
  },
  ollama: {
    address: 'http://127.0.0.1:11434',
    key: null,
    keyOnlyHere: false,
    settings: OLLAMA,
    context: { tokens: 36_000, whole: 4 },
    fields: ({ baseURL }, signal) => ({
      baseUrl: baseURL,
      numCtx: OLLAMA.num_ctx,
      numPredict: OLLAMA.num_predict,
      // Its class looks at a signal only between two chunks.
      fetch: async (input: string | URL, init?: RequestInit) => jsonLines(await fetch(input, { ...init, signal })),
    }),
    tools: functions,
    options: {},
  },
  'google-genai': {
    address: 'https://generativelanguage.googleapis.com',
    key: 'GOOGLE_API_KEY',
    keyOnlyHere: false,
    settings: { max_tokens: MOST_WRITTEN },
    context: CONTEXT,
    fields: ({ apiKey, baseURL }) => ({ apiKey, baseUrl: baseURL, maxOutputTokens: MOST_WRITTEN }),
    // Its `parameters` knows no references within a schema; this field takes JSON Schema as it is.
    tools: (offered) => [
      {
        functionDeclarations: offered.map(({ name, description, schema }) => ({
          name,
          description,
          parametersJsonSchema: schema,
        })),
      },
    ],
    options: {},
    prepare: catchSecondReply,
  },
};

interface Client {
  generateContentStream(...given: unknown[]): Promise<{ response: Promise<unknown> }>;
}

/** Google's SDK promises the whole reply a second time; where the stream breaks nobody would catch that, and the process would end. */
function catchSecondReply(model: object): void {
  const { client } = model as { client: Client };
  const stream = client.generateContentStream.bind(client);
  client.generateContentStream = async (...given) => {
    const begun = await stream(...given);
    begun.response.catch(() => undefined);
    return begun;
  };
}
