/** Steps, hits and labels as lines of a terminal. Everything that an agent, a model or a reviewer wrote passes through `safe`. */
import type { Step } from '../contract/index.ts';
import { type Paint, safe, stepLine, wrapped } from '../report/index.ts';
import type { Found } from '../store/index.ts';
import type { Meaning, Standing } from './labels.ts';

/** Lines of a body that one card shows; the rest is told of. */
const MOST_LINES = 60;

interface Remarks {
  /** Labels that cite the step. */
  readonly cited: readonly string[];
  /** Where it left the plan. */
  readonly left: readonly string[];
}

export function stepCard(step: Step, of: number, paint: Paint, { cited, left }: Remarks): string[] {
  const { seq, act, at, kind, summary } = stepLine(step);
  const head = `${paint.bold(`${seq}/${of}  ${safe(act, 'line')}`)}  ${kind}  ${paint.dim(at.slice(0, 19).replace('T', ' '))}`;
  const body = safe(JSON.stringify(step.body, null, 2), 'terminal').split('\n');
  const rest = body.length - MOST_LINES;
  return [
    head,
    ...wrapped(safe(summary, 'line'), paint.columns, '  '),
    ...(cited.length === 0 ? [] : [`  cited for ${cited.map((label) => safe(label, 'line')).join(', ')}`]),
    ...left.flatMap((what) => wrapped(safe(`left the plan: ${what}`, 'line'), paint.columns, '  ')),
    ...body.slice(0, MOST_LINES).map((line) => paint.dim(`  ${line}`)),
    ...(rest > 0 ? [paint.dim(`  … and ${rest} lines more: \`recircuit runs show --full\``)] : []),
  ];
}

const AROUND = 60;

export function hitLines({ hits, steps }: Found, words: readonly string[], paint: Paint): string[] {
  const lines = hits.map(
    ({ step, text }) => `${paint.bold(String(step.seq).padStart(6))}  ${snippet(text, words, paint)}`,
  );
  const more = steps - hits.length;
  const count = `${steps} step${steps === 1 ? '' : 's'} with ${words.map((word) => safe(word, 'line')).join(' and ')}`;
  return [...lines, paint.dim(more > 0 ? `${count}; the first ${hits.length} are shown` : count)];
}

function snippet(text: string, words: readonly string[], paint: Paint): string {
  const low = text.toLowerCase();
  const places = words.map((word) => low.indexOf(word.toLowerCase())).filter((place) => place >= 0);
  const at = places.length === 0 ? 0 : Math.min(...places);
  const length = places.length === 0 ? 0 : (words.find((word) => low.startsWith(word.toLowerCase(), at))?.length ?? 0);
  const part = (from: number, to: number): string => safe(text.slice(Math.max(0, from), to), 'line');
  const before = `${at > AROUND ? '…' : ''}${part(at - AROUND, at)}`;
  return `${before}${paint.bold(part(at, at + length))}${part(at + length, at + length + AROUND)}`;
}

/** @param short how a run is written */
export function standingLines(standings: readonly Standing[], paint: Paint, short: (run: string) => string): string[] {
  return standings.flatMap(({ run, label, words, disputed }) => {
    const mark = disputed ? paint.tone('fail', 'disputed') : paint.tone('none', 'agreed');
    const head = `${mark}  ${paint.bold(safe(label, 'line'))}  ${short(run)}`.trimEnd();
    const each = words.map(({ reviewer, value, cites, note }) => {
      const steps = cites.length === 0 ? '' : `, steps ${cites.join(', ')}`;
      return `  ${safe(reviewer, 'line')}: ${value}${steps}${note === '' ? '' : `: ${safe(note, 'line')}`}`;
    });
    return [words.length > 1 ? head : head.replace(mark, paint.tone('none', 'one voice')), ...each];
  });
}

export function meaningLines(meanings: readonly Meaning[], paint: Paint): string[] {
  return meanings.flatMap(({ label, says, look_for }) => [
    `${paint.bold(label)}  ${says}`,
    ...wrapped(`look for: ${look_for}`, paint.columns, '  ').map(paint.dim),
  ]);
}
