/**
 * A planner whose language model also reads its search before a claim is sealed: in a conversation of its own, with another prompt and one
 * tool, so that it is no party to what it reads. It holds no state: the turns are in the record.
 */
import { hashOf } from '../../../src/contract/index.ts';
import { schemaForModel } from '../../../tools/index.ts';
import type { OfferedTool } from '../../offer/offered.ts';
import type { Planner } from '../../ports.ts';
import { Opinion } from '../../reviewer/opinion.ts';
import { searchTold } from '../../reviewer/told.ts';
import { data } from '../../show/data.ts';
import { askedOf, overflowed } from './asked.ts';
import { factsText, filled, findingText } from './opening.ts';
import { languagePlanner, type Parts } from './planner.ts';
import { read } from './read.ts';
import { type Answer, answered, sentBack } from './told.ts';

const REVIEW: OfferedTool = {
  name: 'review',
  description: 'Hand in the review: let the claim pass, or ask for one more round, with what you saw and where.',
  schema: schemaForModel({ input: Opinion }),
};
/** How often a reply that paused is gone on from. */
const MOST_PAUSES = 3;

export function reviewingPlanner(parts: Parts): Planner {
  const { model, prompts, sender } = parts;
  const planner = languagePlanner(parts);
  const to = { model, system: prompts.review.trim(), tools: [REVIEW], brief: true as const };
  return {
    ...planner,
    settings: { ...planner.settings, review_tool_sha256: hashOf(REVIEW) },
    async review(reviewed, { conversation, signal }) {
      const { complaint, observation } = reviewed;
      let next: Answer = { text: filled('reviewed', prompts.reviewed, values()) };
      if (complaint !== null) next = sentBack(complaint);
      for (let pauses = 0; pauses <= MOST_PAUSES; pauses++) {
        const { turns } = conversation;
        const last = turns.at(-1);
        const told = last ? answered(last, next) : [{ type: 'text', text: next.text }];
        const asked = askedOf(to, turns, 0, told);
        const turn = await conversation.say({ model, told, folded: 0, request_sha256: hashOf(asked) }, (failed) =>
          sender.send(asked, { signal, failed }),
        );
        if (overflowed(turn)) return null;
        const said = read(turn.reply, REVIEW.name);
        if (said.kind === 'refused') return null;
        if (said.kind === 'unusable') return said;
        if (said.kind === 'called') {
          if (said.name === REVIEW.name) return said.input;
          return { kind: 'unusable', why: `there is no tool ${said.name} for a reviewer; there is ${REVIEW.name}` };
        }
        next = { text: 'Go on.' };
      }
      return null;

      function values(): Record<string, string> {
        return {
          finding: data('finding', findingText(observation.protocol)),
          model: data('model', factsText(observation.facts)),
          remaining: String(observation.remaining),
          ...searchTold(reviewed),
        };
      }
    },
  };
}
