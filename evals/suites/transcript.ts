/** A language planner's run as text: what it was told, what it said, what it asked for, and what that cost. */
import type { JsonObject, Step, StepOf, Usage } from '../../src/contract/index.ts';
import { safe, tokensRead, totalCost, turnCosts } from '../../src/report/index.ts';
import { table } from './shared.ts';

/** Lines of what was told that are shown; the record holds the rest. */
const SHOWN = 7;
const WIDTH = 150;

/** Returns the transcript, line by line. Contract: no line holds a control character. */
export function transcript(steps: readonly Step[]): string[] {
  return steps.flatMap(({ act, body }) => {
    if (body.kind === 'turn') return ['', `-- ${act}, asked for ${body.for}`, ...toldLines(body)];
    if (body.kind === 'reply') return replyLines(body);
    if (body.kind === 'failed-reply') return [line('lost', `${body.failure.code}: ${body.failure.why}; asked again`)];
    return [];
  });
}

function toldLines({ told }: StepOf<'turn'>): string[] {
  const text = (told as JsonObject[]).map((block) => String(block['text'] ?? block['content'] ?? '')).join('\n');
  const lines = text.split('\n').filter((one) => one.trim() !== '');
  const rest = lines.length - SHOWN;
  return [
    ...lines.slice(0, SHOWN).map((one, index) => line(index === 0 ? 'told' : '', one)),
    ...(rest > 0 ? [line('', `... ${rest} more lines`)] : []),
  ];
}

function replyLines({ content, usage, usd, stop_reason }: StepOf<'reply'>): string[] {
  const said = (content as JsonObject[]).map((block) =>
    block['type'] === 'tool_use'
      ? line('calls', `${String(block['name'])} ${JSON.stringify(block['input'])}`)
      : line('says', String(block['text'] ?? block['thinking'] ?? '')),
  );
  return [...said, line('', `${stop_reason}; ${tokensLine(usage)}, ${money(usd)}`)];
}

function tokensLine(usage: Usage | null): string {
  if (usage === null) return 'tokens unknown';
  const read = tokensRead(usage);
  const cached = read > 0 ? Math.round((100 * usage.cache_read) / read) : 0;
  return `${read} tokens read, ${cached} % from the cache, ${usage.output} written`;
}

function line(head: string, text: string): string {
  const shown = safe(text, 'line');
  return `${head.padEnd(6)}${shown.length > WIDTH ? `${shown.slice(0, WIDTH)}…` : shown}`;
}

function money(usd: number | null): string {
  return usd === null ? 'unknown' : `$${usd.toFixed(4)}`;
}

const COLUMNS = [
  'turn',
  'asked for',
  'afresh',
  'from cache',
  'into cache 5m',
  'into cache 1h',
  'written',
  'lost',
  'USD',
];

/** Returns the table of what each turn cost and a line with the sums. */
export function costTable(steps: readonly Step[]): string {
  const rows = turnCosts(steps);
  const total = totalCost(rows);
  const cells = [...rows, { ...total, turn: 'sum', for: '' }].map((row) => [
    row.turn,
    row.for,
    ...[
      row.usage.input,
      row.usage.cache_read,
      row.usage.cache_write_5m,
      row.usage.cache_write_1h,
      row.usage.output,
    ].map(String),
    String(row.failed),
    money(row.usd),
  ]);
  const share = total.cached === null ? 'Nothing' : `${(100 * total.cached).toFixed(1)} %`;
  const read = `${share} of ${tokensRead(total.usage)} tokens read came from the cache.`;
  return `${table(COLUMNS, cells)}\n${read} The local server counts four characters as a token; prices are list prices.`;
}
