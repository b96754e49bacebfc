/**
 * What a planner's own language model says of a search before its claim is sealed: asked for, checked against the record, and sent back
 * with the reason where it does not hold. Its words are remarks like those of the rules.
 */
import * as z from 'zod';
import type { Remark } from '../../src/contract/index.ts';
import { ACT } from '../acts.ts';
import { REPAIRS, readAnswer } from '../answer.ts';
import { Conversation } from '../conversation.ts';
import type { AgentPorts, Observation, Reviewed } from '../ports.ts';
import { PurseEmpty } from '../purse.ts';

export const Opinion = z.strictObject({
  verdict: z.enum(['accept', 'one-more-round']),
  remarks: z
    .array(
      z.strictObject({
        cites: z
          .array(z.string())
          .max(20)
          .describe('acts of this run that it is about; empty where it is about what was never done'),
        says: z.string().min(1).max(1000),
      }),
    )
    .max(8)
    .describe('at least one where another round is asked for'),
});
export type Opinion = z.infer<typeof Opinion>;

/**
 * Returns the opinion; null where one was asked for and none that holds was given; undefined where nobody is asked, or the budget is spent.
 * Contract: asks at most 1 + 3 times.
 */
export async function opinionOf(
  { planner, recorder, purse, signal }: Pick<AgentPorts, 'planner' | 'recorder' | 'purse' | 'signal'>,
  reviewed: Reviewed,
): Promise<Opinion | null | undefined> {
  const means = { conversation: new Conversation(recorder, ACT.review, purse, `${ACT.review}/turn`), signal };
  let complaint: string | null = null;
  try {
    for (let attempt = 0; attempt <= REPAIRS; attempt++) {
      // A copy, as of every observation that a planner is shown.
      const answer: unknown = await planner.review?.(structuredClone({ ...reviewed, complaint }), means);
      if (answer === undefined || answer === null) return answer;
      const read = readAnswer(Opinion, answer);
      complaint = 'wrong' in read ? read.wrong : opinionProblem(read.said, reviewed.observation);
      if ('said' in read && complaint === null) return read.said;
    }
  } catch (error) {
    if (error instanceof PurseEmpty) return undefined;
    throw error;
  }
  return null;
}

/** Returns what is wrong with it on its face, or null. */
export function opinionProblem({ verdict, remarks }: Opinion, { results, refusals }: Observation): string | null {
  const acts = [...Object.values(results), ...refusals].map(({ act }) => act);
  const unknown = remarks.flatMap(({ cites }) => cites).filter((act) => !acts.includes(act));
  if (unknown.length > 0) return `${unknown.join(', ')}: no such act in this run; there are ${acts.join(', ')}`;
  return verdict === 'one-more-round' && remarks.length === 0
    ? 'another round is asked for, and no remark says what would mend what'
    : null;
}

/** Its remarks as the record holds them. */
export function remarksIn({ verdict, remarks }: Opinion): Remark[] {
  return remarks.map(({ cites, says }) => ({ rule: OPINION, says, acts: cites, asks: verdict === 'one-more-round' }));
}

const OPINION = 'opinion';

/** Whether a remark was a language model's, and not of a rule. */
export function isOpinion({ rule }: Remark): boolean {
  return rule === OPINION;
}
