/**
 * Turns: what a planner's language model was asked, what it answered, and what that cost. A turn is recorded before it is
 * asked and its reply before anything is done about it, so that no reply is ever paid for twice.
 */
import * as z from 'zod';
import { Failure } from './error.ts';
import { Json, Sha256 } from './names.ts';

const tokens = z.number().int().min(0);

/** Tokens of one request. The five are disjoint: their sum is everything that was read or written. */
export const Usage = z
  .strictObject({
    input: tokens.describe('read afresh'),
    cache_read: tokens,
    cache_write_5m: tokens,
    cache_write_1h: tokens,
    output: tokens,
  })
  .meta({ id: 'Usage' });
export type Usage = z.infer<typeof Usage>;

const usd = z.number().min(0).nullable().describe('US dollars by the price table; null where it has no price');

export const TurnBody = z.strictObject({
  kind: z.literal('turn'),
  for: z.string().describe('the question that the graph put to the planner, e.g. plan or search/03'),
  model: z.string(),
  told: z.array(Json).describe('content blocks that were new in this request'),
  folded: z.number().int().min(0).describe('earlier turns whose results were sent as their receipts only'),
  request_sha256: Sha256.describe('of everything that was asked: model, system, tools, messages'),
});

export const ReplyBody = z.strictObject({
  kind: z.literal('reply'),
  turn: z.string().describe('act of the turn'),
  content: z.array(Json).describe('content blocks as they came'),
  stop_reason: z.string(),
  model: z.string().describe('the model that says it answered'),
  id: z.string(),
  usage: Usage.nullable().describe('null: the server did not tell'),
  usd,
});

export const FailedReplyBody = z.strictObject({
  kind: z.literal('failed-reply'),
  turn: z.string().describe('act of the turn'),
  failure: Failure,
  usage: Usage.nullable().describe('as far as it was told; null: nobody knows, at most one request was paid for'),
  usd,
});
