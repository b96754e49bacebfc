/**
 * A person decides, at a terminal or through a file of lines. What is decided stands in the record as with any planner; mistakes
 * are told and asked again, and count as nothing.
 */
import { Fault, Refusal } from '../../../src/contract/index.ts';
import { type Decision, decisionOf } from '../../offer/decision.ts';
import type { Observation, Planner } from '../../ports.ts';
import { remarksText } from '../../reviewer/told.ts';
import { showRefusal, showResult } from '../../show/result.ts';
import { completions } from './complete.ts';
import { requestOf } from './decide.ts';
import { lineOf } from './line.ts';
import { bare, firstScreen, HELP, plain, toolsScreen } from './screen.ts';

/** Code of the fault by which a person leaves; nothing has failed. */
export const LEFT = 'left';

/** Whoever types, as the planner reaches them. */
export interface Person {
  /** @throws Refusal where nobody can answer */
  readonly check: () => void;
  show(text: string): void;
  /** Returns a line, or null once they have left. `complete` is what Tab offers, as readline wants it. */
  ask(prompt: string, complete: (line: string) => [string[], string], signal: AbortSignal): Promise<string | null>;
}

export function human(person: Person): Planner {
  /** What was shown already; a person who resumes is shown everything again. */
  const shown = new Set<string>();
  return {
    id: 'human',
    check: person.check,
    repairs: Number.POSITIVE_INFINITY,
    async review({ remarks }) {
      if (remarks.length > 0) person.show(`A reviewer remarks:\n${plain(remarksText(remarks))}`);
      shown.add(REVIEW);
    },
    async next(observation, { signal }) {
      tell(person, observation, shown);
      for (;;) {
        const line = await person.ask(
          `${observation.plan === null ? 'plan' : `${observation.remaining} left`}> `,
          (typed) => completions(typed, observation),
          signal,
        );
        if (line === null || line.trim() === 'quit') throw left();
        const answer = answerTo(line, observation);
        if (answer.kind === 'shown') person.show(answer.text);
        else if (answer.kind === 'unusable') person.show(`Not taken: ${plain(answer.why)}`);
        else return answer;
      }
    },
  };
}

/** No result can have these names. */
const REVIEW = ' review';
const ROUND = ' round';

/** New results, refusals, complaints and what a reviewer says; at first also what this is about. */
function tell(person: Person, observation: Observation, shown: Set<string>): void {
  if (shown.size === 0) person.show(firstScreen(observation));
  shown.add('');
  for (const [name, result] of Object.entries(observation.results)) {
    if (!shown.has(name)) person.show(`\n${bare(showResult(name, result))}`);
    shown.add(name);
  }
  for (const refusal of observation.refusals) {
    if (!shown.has(refusal.name)) person.show(`\n${bare(showRefusal(refusal))}`);
    shown.add(refusal.name);
  }
  if (observation.review !== null && !shown.has(ROUND)) {
    const remarks = shown.has(REVIEW) ? '' : `\n${plain(remarksText(observation.review))}`;
    person.show(`A reviewer asks for one more round; go on, or hand in again.${remarks}`);
    shown.add(ROUND);
  }
  if (observation.complaint !== null) person.show(`Not taken: ${plain(observation.complaint)}`);
}

function answerTo(line: string, observation: Observation): Decision {
  const { name, words } = lineOf(line);
  if (name === '' || name.startsWith('#')) return { kind: 'shown', text: '' };
  if (name === 'help') return { kind: 'shown', text: HELP };
  if (name === 'tools') return { kind: 'shown', text: plain(toolsScreen(words[0])) };
  try {
    const request = requestOf(line, observation);
    const decision = decisionOf(request.name, request.input, observation);
    return decision.kind === 'shown' ? { kind: 'shown', text: bare(decision.text) } : decision;
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'unusable', why: error.message };
    throw error;
  }
}

function left(): Fault {
  return new Fault({
    code: LEFT,
    what: 'the run has no claim yet',
    why: 'the person who decides has left',
    instead: 'go on with --resume',
  });
}
