/**
 * The result of a run on a terminal: verdict, criteria, claimed heads, pictures, and where to read more. It draws the view
 * model and nothing else; foreign text passes through `safe`.
 */
import { safe } from './escape.ts';
import { duration, number, short } from './numbers.ts';
import { curveLines } from './terminal/bars.ts';
import { heatMapLines } from './terminal/heat-map.ts';
import type { Paint } from './terminal/paint.ts';
import { padEnd, padStart, wrapped } from './terminal/table.ts';
import type { CriterionView, Curve, Figure, HeatMap, Origin, RunView } from './view/index.ts';
import {
  AGREEMENT_TITLE,
  agreementInWords,
  comparedInWords,
  knownFrom,
  outcomeOf,
  SET_TITLE,
  toneOfStatus,
} from './words.ts';

const word = (text: string): string => safe(text, 'line');

/** Returns the result page; `again` calls the program on the record that was read. Contract: pure; no line feed inside a line. */
export function resultPage(view: RunView, paint: Paint, again = 'npx recircuit'): string[] {
  const parts = [
    heading(view, paint),
    criteria(view, paint),
    claim(view, paint),
    ...pictures(view, paint),
    agreements(view, paint),
    footer(view, paint, again),
  ];
  return parts.filter((part) => part.length > 0).flatMap((part) => ['', ...part]);
}

function heading(view: RunView, paint: Paint): string[] {
  const { word: verdict, because, tone } = outcomeOf(view);
  const width = Math.min(paint.columns, 110);
  return [
    `${paint.tone(tone, verdict.toUpperCase())}  ${paint.bold(word(`${view.run.finding} on ${view.run.model}`))}`,
    ...wrapped(word(because), width),
    ...wrapped(word(view.finding.says), width).map(paint.dim),
    ...wrapped(word(circumstances(view)), width).map(paint.dim),
  ];
}

function circumstances({ run, seconds, budget, finding }: RunView): string {
  const took = seconds === null ? '' : `, ${duration(seconds)}`;
  return `planner ${run.planner}, seed ${run.seed}${took}${budget === '' ? '' : `; spent ${budget}`}; known on ${finding.known_on.join(', ')}`;
}

function criteria(view: RunView, paint: Paint): string[] {
  const width = Math.min(paint.columns, 110);
  const sets = ['gate', 'known-model', 'new-model'] as const;
  return sets.flatMap((set) => {
    const own = view.criteria.filter((item) => item.set === set);
    if (own.length === 0) return [];
    const from = knownFrom(own).flatMap((source) => wrapped(word(`known from: ${source}`), width, '  '));
    return [paint.bold(SET_TITLE[set]), ...from.map(paint.dim), ...own.flatMap((item) => criterion(item, paint))];
  });
}

const MARK = { pass: '✓', fail: '✗', unmeasured: '–' } as const;

const INDENT = ' '.repeat(6);

function criterion(item: CriterionView, paint: Paint): string[] {
  const width = Math.min(paint.columns, 110);
  const tone = item.weight === 'flag' && item.status === 'fail' ? 'warn' : toneOfStatus(item.status);
  const status = padEnd(paint.tone(tone, `${MARK[item.status]} ${item.status}`), 13);
  const asked = [`asked ${item.threshold}`, comparedInWords(item, number)].filter((text) => text !== '').join('; ');
  const flag = item.weight === 'flag' ? 'a flag, never decides; ' : '';
  return [
    `  ${padEnd(paint.bold(word(item.id)), 3)} ${status}${measured(item, paint)}`,
    ...wrapped(word(item.says), width, INDENT),
    ...wrapped(word(asked), width, INDENT),
    ...wrapped(word(item.note), width, INDENT),
    ...wrapped(word(flag + item.reason), width, INDENT).map(paint.dim),
    ...wrapped(word(item.origins.map(origin).join(' · ')), width, INDENT).map(paint.dim),
  ];
}

function measured({ measured: value, unit }: CriterionView, paint: Paint): string {
  return value === null ? paint.dim('–') : `${paint.bold(number(value))}${unit === '' ? '' : ` ${paint.dim(unit)}`}`;
}

function origin({ act, artifact }: Origin): string {
  return artifact === null ? act : `${act} → ${short(artifact)}`;
}

function claim({ claim: claimed, remarks }: RunView, paint: Paint): string[] {
  if (claimed === null) return [];
  const settings = claimed.settings.map((item) => `${item.name} = ${item.value}`).join(', ');
  return [
    paint.bold('The claim'),
    ...claimed.roles.flatMap(({ role, components }) => {
      const heads = components
        .map((item) => `${item.component}${item.effect === null ? '' : ` (${number(item.effect)})`}`)
        .join('  ');
      return wrapped(word(`${role}: `) + word(heads), Math.min(paint.columns, 110), '  ');
    }),
    ...(settings === '' ? [] : [`  ${word(settings)}`]),
    ...claimed.cites.flatMap(({ shows, acts }) =>
      wrapped(word(`${shows} by ${acts.join(', ')}`), Math.min(paint.columns, 110), '  ').map(paint.dim),
    ),
    ...remarks.flatMap(({ rule, says }) =>
      wrapped(word(`reviewer, ${rule}: ${says}`), Math.min(paint.columns, 110), '  ').map(paint.dim),
    ),
  ];
}

/** One heat map and one curve: the page shows all. The curve with the most layers says most, of two the later with its controls. */
function pictures({ figures }: RunView, paint: Paint): string[][] {
  const map = figures.find((figure): figure is HeatMap => figure.kind === 'heat-map');
  const curves = figures.filter((figure): figure is Curve => figure.kind === 'curve');
  const widest = curves.toReversed().sort((a, b) => layersOf(b) - layersOf(a))[0];
  return [map, widest]
    .filter((figure): figure is Figure => figure !== undefined)
    .map((figure) => picture(figure, paint));
}

function layersOf(curve: Curve): number {
  return Math.max(0, ...curve.lines.map((line) => line.points.length));
}

function picture(figure: Figure, paint: Paint): string[] {
  if (figure.kind === 'curve') return curveLines(figure, paint);
  return [...heatMapLines(figure, paint), paint.dim(`        ${word(origin(figure))}`)];
}

function agreements({ agreements: all }: RunView, paint: Paint): string[] {
  if (all.length === 0) return [];
  const width = Math.min(paint.columns, 110);
  return [
    paint.bold(AGREEMENT_TITLE),
    ...all.flatMap((item) => [
      ...wrapped(word(agreementInWords(item, number)), width, '  '),
      ...wrapped(word(item.origins.map(origin).join(' · ')), width, '  ').map(paint.dim),
    ]),
  ];
}

/** Ends with the verdict once more: on a small screen the heading has scrolled away. */
function footer(view: RunView, paint: Paint, again: string): string[] {
  const { run } = view;
  const { word: verdict, tone } = outcomeOf(view);
  const rows = [
    ['every step', `${again} runs show ${run.run}`],
    ['page with figures', `${again} runs export ${run.run}`],
    ['check the record', `${again} runs verify ${run.run}`],
  ] as const;
  return [
    ...rows.map(([name, command]) => `${paint.dim(padStart(name, 18))}  ${word(command)}`),
    '',
    `${paint.tone(tone, verdict.toUpperCase())}  ${word(`${run.finding} on ${run.model}`)}`,
  ];
}
