/** Whether a tokenizer can express the pairs of a study, and what is said where it cannot, in the words of those who wrote them. */
import { Refusal, type StudyPair } from '../contract/index.ts';
import type { Asking } from './asking.ts';
import { promptsOf, type StudyPrompts } from './material.ts';

/** @throws Refusal for the first pair that the tokenizer cannot express */
export async function expressible(
  asking: Asking,
  pairs: readonly StudyPair[],
  tasks: readonly string[],
  seed: number,
): Promise<void> {
  for (const prompts of promptsOf(tasks, seed)) {
    const [first] = (await shownOrNone(asking, prompts)).unscorable;
    if (first === undefined) continue;
    const at = tasks.indexOf(first.task);
    throw inexpressible(
      pairs[at] as StudyPair,
      first.why,
      pairs.length === 1 ? 'the pair' : `pair ${at + 1} of ${pairs.length}`,
    );
  }
}

/** The tool refuses where nothing is left, and tells of the first task then; here that is an answer like the others. */
export async function shownOrNone(asking: Asking, prompts: StudyPrompts): ReturnType<Asking['shown']> {
  try {
    return await asking.shown(prompts);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { scorable: [], unscorable: [{ task: prompts.tasks[0] as string, why: error.failure.why }] };
  }
}

/** What a tool said of a pair, in the words of a study. @param what the pair */
export function inexpressible({ answer, versus }: StudyPair, why: string, what = 'the pair'): Refusal {
  const both = [answer, versus].map((text) => JSON.stringify(text));
  const said = why
    // A draw is repeated before it is given up; here every draw is the same.
    .replace(/^.*none of \d+: /, '')
    .replace('an answer or rival is', `${both.join(' or ')} is`)
    .replace('an answer and a rival', both.join(' and '))
    .replace('the clean prompt', 'the base prompt')
    .replace('behind every variant', 'behind both prompts');
  return new Refusal({
    code: 'pair-not-expressible',
    what,
    why: `this tokenizer cannot express it: ${said}`,
    instead:
      'write answers of one token, with the space that stands before them, and contrast prompts of equally many tokens',
  });
}
