/** One line for each step: what happened, in words and numbers, without its body. */
import type { Budget, Json, JsonObject, Step, StepBody, StepKind, StepOf, Usage } from '../../contract/index.ts';
import { number, short } from '../numbers.ts';
import type { StepLine } from './types.ts';

/** Returns the line of a step. Contract: `summary` may hold foreign text and must pass through `safe` before it is shown. */
export function stepLine({ seq, at, act, body, content }: Step): StepLine {
  const phase = 'phase' in body ? body.phase : null;
  return { seq, at, act, kind: body.kind, phase, summary: summaryOf(body), content };
}

const SUMMARY: { [K in StepKind]: (body: StepOf<K>) => string } = {
  opened: (b) => `${b.finding} on ${b.model}, planner ${b.planner}, seed ${b.seed}`,
  'model-facts': ({ facts: f }) =>
    `${f.architecture}, ${f.layers} layers × ${f.heads} heads, ${number(f.parameters)} parameters, ${f.dtype} on ${f.device}`,
  gate: ({ result: r }) => `${r.status}: ${number(r.measured)}, asked ${r.threshold}`,
  plan: ({ plan }) => `${plan.items.length} experiments: ${plan.items.map((item) => item.name).join(', ')}`,
  'tool-call': (b) => `${b.tool}${b.because === '' ? '' : `: ${b.because}`}`,
  'tool-result': (b) => `${b.tool}: ${brief(b.output)}`,
  refusal: ({ failure: f }) => `${f.what}: ${f.why}. Instead: ${f.instead}.`,
  fault: ({ failure: f }) => `${f.what}: ${f.why}. Instead: ${f.instead}.`,
  turn: (b) => `${b.model} is asked for ${b.for}`,
  reply: (b) =>
    `${b.stop_reason}: ${said(b.content)}; ${b.usage ? `${read(b.usage)} tokens read, ${b.usage.output} written` : 'tokens unknown'}, ${money(b.usd)}`,
  'failed-reply': ({ failure: f, usd }) => `${f.what}: ${f.why}; ${money(usd)}`,
  resumed: () => 'goes on after a pause',
  'budget-spent': (b) =>
    `${b.of}: ${b.spent === null ? 'not known what was spent' : `${number(b.spent)} spent`}, limit ${number(b.limit)}`,
  'budget-raised': ({ limits, by, because }) => `${amounts(limits)}, by ${by}: ${because}`,
  'gave-up': (b) => b.reason,
  review: ({ remarks, one_more_round, opinion }) =>
    `${opinion === undefined ? '' : `${OPINIONS[opinion ?? 'none']}; `}${one_more_round ? 'asks for one more round' : 'lets the claim pass'}: ${remarks.map(({ rule, says }) => `${rule}: ${says}`).join('; ') || 'nothing to remark'}`,
  claim: ({ claim }) =>
    [
      ...Object.entries(claim.roles).map(([role, components]) => `${role}: ${components.join(', ')}`),
      ...Object.entries(Array.isArray(claim.cites) ? { cites: claim.cites } : claim.cites).map(
        ([shows, acts]) => `${shows} by ${acts?.join(', ')}`,
      ),
    ].join('; '),
  'control-sets': (b) => `${b.control}: ${b.sets.length} sets of ${b.sets[0]?.length ?? 0}`,
  verdict: ({ verdict: v }) => `${v.verdict}: ${v.because}`,
  sealed: (b) => `${b.steps} steps, ${b.verdict}`,
};

const OPINIONS = {
  accept: 'the language model would let it pass',
  'one-more-round': 'the language model asks for more',
  none: 'the language model gave no review',
} as const;

function summaryOf<K extends StepKind>(body: StepOf<K> & StepBody): string {
  return (SUMMARY[body.kind as K] as (body: StepOf<K>) => string)(body);
}

const amounts = (limits: Budget): string =>
  Object.entries(limits)
    .map(([name, limit]) => `${name} ${number(limit)}`)
    .join(', ');
const read = (u: Usage): number => u.input + u.cache_read + u.cache_write_5m + u.cache_write_1h;
const money = (usd: number | null): string => (usd === null ? 'cost unknown' : `$${number(usd)}`);

/** The tools that a reply asks for, else the beginning of its text. */
function said(content: readonly Json[]): string {
  const blocks = content as JsonObject[];
  const asked = blocks.filter((block) => block['type'] === 'tool_use').map((block) => String(block['name']));
  const text = blocks.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join(' ');
  return asked.join(', ') || text.slice(0, 200) || 'nothing';
}

/** Returns the numbers and components of a tool's output, without knowing the tool. */
function brief(output: JsonObject): string {
  const parts = Object.entries(output).flatMap(([key, value]) => (key === 'receipt' ? [] : briefOf(key, value)));
  return parts.slice(0, 6).join(' · ');
}

function briefOf(key: string, value: Json): string[] {
  if (typeof value === 'number') return [`${key} ${number(value)}`];
  if (Array.isArray(value)) return [`${key} ${listed(value)}`];
  if (value === null || typeof value !== 'object') return [`${key} ${String(value)}`];
  if (typeof value['sha256'] === 'string' && Array.isArray(value['shape'])) {
    return [`${key} → ${short(value['sha256'])} (${value['shape'].join('×')})`];
  }
  const numbers = Object.entries(value).filter(([, item]) => typeof item === 'number');
  return [
    `${key} {${numbers
      .map(([name, item]) => `${name} ${number(item as number)}`)
      .slice(0, 4)
      .join(', ')}}`,
  ];
}

function listed(items: readonly Json[]): string {
  const words = items.slice(0, 4).map((item) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return String(item);
    const score = item['effect'] ?? item['score'] ?? item['estimate'];
    return 'component' in item
      ? `${String(item['component'])}${typeof score === 'number' ? ` ${number(score)}` : ''}`
      : null;
  });
  if (words.some((word) => word === null)) return `× ${items.length}`;
  return `${words.join(', ')}${items.length > 4 ? `, … (${items.length})` : ''}`;
}
