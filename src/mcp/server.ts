/**
 * One MCP server over a session: lists the tools, runs them, and turns whatever goes wrong into a tool error of one sentence. The
 * low-level server of the SDK is used since the experiments' schemas and their parsing are those of every other agent.
 */
import { Server, type ServerContext, type Tool } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { type OfferedTool, offered } from '../../agents/index.ts';
import { schemaForModel } from '../../tools/index.ts';
import { Fault, type JsonObject, Refusal, spelled } from '../contract/index.ts';
import { type Answer, failure, onTheWire } from './answer.ts';
import type { Session } from './session.ts';
import { afterwards, GRACE_MS, guide, type ServerTool, serverTools, type Wait } from './tools.ts';
import { underWay } from './words.ts';

/** Between two notices of progress of one call. */
const NOTICE_MS = 500;

/** @param version of recircuit. @param defect hears of what should not have happened */
export function makeServer(session: Session, version: string, defect: (error: unknown) => void): Server {
  const server = new Server(
    { name: 'recircuit', title: 'recircuit', version },
    { capabilities: { tools: {} }, instructions: guide() },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: [...serverTools.map(listed), ...offered().map(listedOffer)],
  }));
  server.setRequestHandler('tools/call', async ({ params: { name, arguments: input = {} } }, context) => {
    session.touch();
    const { name: client, version: its } = server.getClientVersion() ?? { name: 'a client', version: 'unknown' };
    const by = spelled(`${client}/${its}`).slice(0, 100);
    const wait = waiting(session, context);
    const answer = await answered(() => call(session, name, input as JsonObject, { by, wait, context }), defect);
    session.touch();
    return onTheWire(answer, session.standing);
  });
  return server;
}

function listed({ name, description, input, output, readOnly }: ServerTool): Tool {
  const annotations = { readOnlyHint: readOnly, destructiveHint: false, openWorldHint: false };
  const outputSchema = output && { outputSchema: schemaForModel({ input: output }) as Tool['outputSchema'] };
  return {
    name,
    description,
    inputSchema: schemaForModel({ input }) as Tool['inputSchema'],
    ...outputSchema,
    annotations,
  };
}

function listedOffer({ name, description, schema }: OfferedTool): Tool {
  const annotations = { readOnlyHint: name === 'more', destructiveHint: false, openWorldHint: false };
  return { name, description, inputSchema: schema as Tool['inputSchema'], annotations };
}

interface How {
  readonly by: string;
  readonly wait: Wait;
  readonly context: ServerContext;
}

async function call(session: Session, name: string, input: JsonObject, how: How): Promise<Answer> {
  const own = serverTools.find((tool) => tool.name === name);
  if (!own) return decide(session, name, input, how);
  const parsed = own.input.safeParse(input);
  if (!parsed.success) return failure(z.prettifyError(parsed.error));
  return own.run(parsed.data as never, session, how.wait);
}

/** Hands a decision to the run and waits a moment for what comes of it. */
async function decide(session: Session, name: string, input: JsonObject, { by, wait, context }: How): Promise<Answer> {
  if (!offered().some((tool) => tool.name === name)) return failure(`There is no tool ${name}: tools/list names all.`);
  const { state } = session.standing;
  if (!session.decide({ name, input, by })) {
    const why =
      state === 'working' ? `${underWay(session.standing)} One call at a time` : 'No run waits for a decision';
    return failure(`${name} was not taken. ${why}: see \`observe\`.`);
  }
  const { signal } = context.mcpReq;
  const onCancel = (): void => void session.cancelCall();
  signal.addEventListener('abort', onCancel, { once: true });
  try {
    return await afterwards(session, wait, GRACE_MS);
  } finally {
    signal.removeEventListener('abort', onCancel);
  }
}

/** Waits for the session, telling a client that asked for it how things go. */
function waiting(session: Session, { mcpReq }: ServerContext): Wait {
  const token = mcpReq._meta?.progressToken;
  const begun = Date.now();
  let last = 0;
  const notice = (): void => {
    const now = Date.now();
    if (token === undefined || now - last < NOTICE_MS) return;
    last = now;
    // A client's progress must grow from notice to notice, over all that happens in one call: so it is the time.
    const params = { progressToken: token, progress: (now - begun) / 1000, message: underWay(session.standing) };
    void mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  return (ms) => session.settled(ms, mcpReq.signal, notice);
}

async function answered(work: () => Promise<Answer>, defect: (error: unknown) => void): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refusal || error instanceof Fault) return failure(error.message);
    defect(error);
    return failure('This is a defect of recircuit; its log says more. The run, if one is open, is as it was.');
  }
}
