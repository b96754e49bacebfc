/** Google's API for Gemini: parts as server-sent events, whole calls with signatures that it wants back, thinking outside the candidates' count. */
import * as z from 'zod';
import { chunks, tokensOf } from '../counting.ts';
import type { ScriptedTurn } from '../script.ts';
import { type ScriptedServer, type ServerOptions, type Spoken, serve } from '../serve.ts';

const Part = z.union([
  z.strictObject({ text: z.string().min(1) }),
  z.strictObject({
    functionCall: z.strictObject({ name: z.string(), args: z.record(z.string(), z.json()) }),
    thoughtSignature: z.string(),
  }),
  z.strictObject({ functionResponse: z.strictObject({ name: z.string(), response: z.record(z.string(), z.json()) }) }),
]);
const Body = z.strictObject({
  safetySettings: z.array(z.never()).optional(),
  systemInstruction: z.looseObject({ parts: z.array(Part).min(1) }),
  contents: z.array(z.strictObject({ role: z.enum(['user', 'model']), parts: z.array(Part).min(1) })).min(1),
  // References within a schema are known in parametersJsonSchema only.
  tools: z.tuple([
    z.strictObject({
      functionDeclarations: z.array(
        z.strictObject({ name: z.string(), description: z.string(), parametersJsonSchema: z.looseObject({}) }),
      ),
    }),
  ]),
  generationConfig: z.looseObject({ maxOutputTokens: z.number().int(), temperature: z.never().optional() }),
});
interface Request {
  readonly model: string;
  readonly messages: z.infer<typeof Body>['contents'];
  readonly tools: readonly string[];
  readonly tokens: number;
}

const PATH = /^\/v1beta\/models\/([^:]+):streamGenerateContent\?alt=sse$/;

export function startGoogleServer(options: ServerOptions): Promise<ScriptedServer<Request>> {
  return serve<Request>(
    {
      path: PATH,
      keyOf: (headers) => String(headers['x-goog-api-key']),
      read(body, url) {
        const parsed = Body.safeParse(body);
        if (!parsed.success) return { why: parsed.error.message };
        const { contents: messages, tools: offered } = parsed.data;
        const tools = offered[0].functionDeclarations.map(({ name }) => name);
        const why = unpaired(messages);
        const model = PATH.exec(url)?.[1] ?? '';
        return why === null ? { request: { model, messages, tools, tokens: tokensOf(JSON.stringify(body)) } } : { why };
      },
      turnOf: ({ messages }) => messages.filter(({ role }) => role === 'model').length,
      toolsOf: ({ tools }) => tools,
      count: ({ tokens }) => ({ input: tokens, cache_read: 0, cache_write_5m: 0, cache_write_1h: 0, output: 0 }),
      speak: (scripted, turn, { model, tokens }) => spoken(scripted, turn, model, tokens),
      refusal: ({ status, message = `status ${status}`, retry_after }) => ({
        error: { code: status, message, details: retry_after === undefined ? [] : [{ retryDelay: `${retry_after}s` }] },
      }),
      broken: { overloaded: line({ error: { code: 503, message: 'overloaded' } }), garbage: 'data: {"candid\r\n\r\n' },
    },
    options,
  );
}

/** A call is answered in the next content, by its name. */
function unpaired(contents: Request['messages']): string | null {
  for (const [index, { parts }] of contents.entries()) {
    const asked = parts.flatMap((part) => ('functionCall' in part ? [part.functionCall.name] : []));
    const given = (contents[index + 1]?.parts ?? []).flatMap((part) =>
      'functionResponse' in part ? [part.functionResponse.name] : [],
    );
    if (asked.length > 0 && given.length === 0) return `function response parts are missing for ${asked.join(', ')}`;
  }
  return null;
}

function spoken(
  { thinking = '', say, call, also, stop }: ScriptedTurn,
  turn: number,
  model: string,
  prompt: number,
): Spoken {
  const thoughts = tokensOf(thinking);
  const said = tokensOf([say, ...[call, also].map((one) => one && JSON.stringify(one))].filter(Boolean).join(''));
  const usageMetadata = {
    promptTokenCount: prompt,
    candidatesTokenCount: said,
    thoughtsTokenCount: thoughts,
    totalTokenCount: prompt + said + thoughts,
  };
  const piece = (parts: object[], more: object = {}): string =>
    line({
      candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
      usageMetadata,
      modelVersion: model,
    });
  const calls = [call, also].flatMap((one, place) =>
    one ? [{ functionCall: { name: one.tool, args: one.input }, thoughtSignature: `signed-${turn}-${place}` }] : [],
  );
  const finishReason = stop === 'max_tokens' ? 'MAX_TOKENS' : stop === 'refusal' ? 'SAFETY' : 'STOP';
  return {
    output: said + thoughts,
    parts: [
      ...chunks(say ?? '').map((text) => piece([{ text }])),
      ...(calls.length > 0 ? [piece(calls)] : []),
      piece([{ text: '' }], { finishReason }),
    ],
  };
}

function line(data: object): string {
  return `data: ${JSON.stringify(data)}\r\n\r\n`;
}
