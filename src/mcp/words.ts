/** Where a run stands, in words for the agent that drives it. Of the verification it hears that it goes on, and no more. */
import { escaped, fromTheStart, newest } from '../../agents/index.ts';
import type { Answer } from './answer.ts';
import type { Standing } from './session.ts';

/** @param whole tells the story from the start where a decision is waited for */
export function told(standing: Standing, whole = false): Answer {
  const { state, asked, note } = standing;
  const run = standing.run === null ? 'The run' : `Run ${standing.run}`;
  switch (state) {
    case 'none':
      return { text: 'No run is open. `start_run` begins one; `list_findings` and `list_models` say what there is.' };
    case 'your-turn':
      return asked ? (whole ? fromTheStart(asked) : newest(asked)) : { text: '' };
    case 'working':
      return { text: `${underWay(standing)} Nothing is to be decided yet: poll with \`observe\`.` };
    case 'verifying':
      return {
        text: `${run}: your part is over. The protocol measures on held-out prompts, in a fresh worker. Poll with \`observe\`; once the run is sealed, \`result\` has the verdict.`,
      };
    case 'sealed':
      return { text: `${run} is sealed. \`result\` has its verdict.` };
    case 'cancelled':
      return { text: `${run} was left, its worker is stopped. \`resume_run\` goes on with it.` };
    case 'faulted':
      return {
        text: `${run} ended by a fault of the machinery: ${escaped(note)} When that is mended, \`resume_run\` goes on with it.`,
        error: true,
      };
    case 'failed':
      return { text: escaped(note), error: true };
  }
}

/** One line, also for progress notifications. */
export function underWay({ state, run, act, progress }: Standing): string {
  if (state === 'verifying') return 'The protocol measures on held-out prompts.';
  if (act === null) return run === null ? 'The model is being loaded.' : 'The run is at work.';
  const part =
    progress === null ? '' : ` (${Math.round(progress.done)} of ${Math.round(progress.total)} ${progress.unit})`;
  return escaped(`Under way: ${act}${part}.`);
}
