/** A study in the terminal. */
import type { Changed, Study } from '../../contract/index.ts';
import { safe } from '../escape.ts';
import { number } from '../numbers.ts';
import { bar } from '../terminal/bars.ts';
import type { Paint } from '../terminal/paint.ts';
import { table } from '../terminal/table.ts';
import { behaviourLine, mark, nullLine, readsOf, setLines, share, TOLD, titleOf } from './words.ts';

export function studyLines(study: Study, paint: Paint): string[] {
  return [
    `${paint.bold(titleOf(study))}  ${safe(study.source, 'line')}`,
    behaviourLine(study),
    ...study.behaviour.notes,
    '',
    ...components('head', study.heads, paint),
    nullLine('Heads', study.heads_null),
    '',
    ...components('MLP', study.mlps, paint),
    nullLine('MLPs', study.mlps_null),
    '',
    ...paths(study, paint),
    nullLine('Paths', study.paths_null),
    '',
    ...setLines(study),
  ];
}

function components(name: string, all: readonly Changed[], paint: Paint): string[] {
  const largest = Math.abs(all[0]?.effect ?? 1) || 1;
  const rows = all
    .slice(0, TOLD)
    .map(({ component, effect, recovery, sem, above_null }) => [
      component,
      number(effect),
      sem === null ? '–' : number(sem),
      share(recovery),
      bar(Math.abs(effect) / largest, 16, paint),
      mark(above_null),
    ]);
  return table([name, '#effect', '#sem', '#recovers', '', ''], rows, paint);
}

function paths(study: Study, paint: Paint): string[] {
  const rows = study.paths
    .slice(0, TOLD)
    .map((path) => [path.sender, readsOf(path), number(path.effect), share(path.recovery), mark(path.above_null)]);
  return table(['path from', 'to', '#effect', '#recovers', ''], rows, paint);
}
