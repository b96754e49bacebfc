/** What a tool of the server answers, and how that looks on the wire of MCP. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { escaped } from '../../agents/index.ts';
import type { JsonObject } from '../contract/index.ts';
import type { Standing } from './session.ts';

export interface Answer {
  readonly text: string;
  readonly error?: boolean;
  readonly png?: Buffer;
  /** The same as the text, for programs. Some clients show a model this alone, so nothing may stand in the text only. */
  readonly structured?: JsonObject;
}

/** Where the run stands, for programs that poll; no client shows it to a model. */
export const STANDING = 'recircuit/standing';

/** A failure in one sentence. Contract: no unseen character, and nothing that could close a data element. */
export function failure(sentence: string): Answer {
  return { text: escaped(sentence), error: true };
}

export function onTheWire({ text, error, png, structured }: Answer, standing: Standing): CallToolResult {
  const { run, state, act, progress } = standing;
  const picture = png && { type: 'image' as const, data: png.toString('base64'), mimeType: 'image/png' };
  return {
    content: [{ type: 'text', text }, ...(picture ? [picture] : [])],
    ...(error ? { isError: true } : {}),
    ...(structured ? { structuredContent: structured } : {}),
    _meta: { [STANDING]: { run, state, act: state === 'working' ? act : null, progress } },
  };
}
