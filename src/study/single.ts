/**
 * Contrast prompts for a single prompt with two candidate answers: the answers exchanged where both stand in it, else one word in the
 * place of another, those near the end first. Which of them a model is asked is decided by measuring.
 */
import type { StudyPair } from '../contract/index.ts';
import { pairOf, refused } from './pairs.ts';

export interface Candidate {
  readonly pair: StudyPair;
  /** What was changed, in words. */
  readonly says: string;
}

/** As many as a worker draws in one call. */
const MOST = 64;

/** Returns candidates, best guess first. @throws Refusal where the two answers are one, or no word could be changed */
export function candidates(prompt: string, answer: string, versus: string): Candidate[] {
  const pair = (contrast: string): StudyPair =>
    pairOf({ prompt, answer }, { prompt: contrast, answer: versus }, 'the prompt');
  if (answer === versus) pair(`${prompt} `);
  const exchanged = exchange(prompt, answer.trim(), versus.trim());
  const words = [...prompt.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => ({ word: match[0], at: match.index })).reverse();
  const others = [...new Set([versus.trim(), answer.trim(), ...words.map(({ word }) => word)])].filter(
    (word) => word !== '',
  );
  const found = [
    ...(exchanged === null ? [] : [{ pair: pair(exchanged), says: 'the two answers exchanged in the prompt' }]),
    ...others.flatMap((other) =>
      words
        .filter(({ word }) => word !== other)
        .map(({ word, at }) => ({
          pair: pair(`${prompt.slice(0, at)}${other}${prompt.slice(at + word.length)}`),
          says: `"${other}" in the place of "${word}"`,
        })),
    ),
  ];
  if (found.length > 0) return found.slice(0, MOST);
  throw refused(
    'nothing-to-contrast',
    'the prompt has no contrast',
    'it has no two words of which one could stand in the place of the other',
    'give two sets of prompts with --base and --contrast',
  );
}

/** Null where not both stand in the prompt as words. */
function exchange(prompt: string, a: string, b: string): string | null {
  if (a === '' || b === '') return null;
  const word = (text: string): RegExp => new RegExp(`(?<![\\p{L}\\p{N}])${escaped(text)}(?![\\p{L}\\p{N}])`, 'gu');
  if (!word(a).test(prompt) || !word(b).test(prompt)) return null;
  const either = new RegExp(`${word(a).source}|${word(b).source}`, 'gu');
  return prompt.replaceAll(either, (found) => (found === a ? b : a));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
