/**
 * Contrast prompts for a single prompt with two candidate answers, by how little they change what the prompt is about. Which of them a
 * model is asked is decided by measuring.
 */
import type { StudyPair } from '../contract/index.ts';
import { pairOf, refused } from './pairs.ts';

export interface Candidate {
  readonly pair: StudyPair;
  /** What was changed, in words. */
  readonly says: string;
  /**
   * 0: one answer in the place of the other where both still stand in the prompt, which keeps it as likely as it was (symmetric token
   * replacement, Zhang and Nanda 2023, arXiv 2309.16042, section 3); 1: both answers exchanged; 2: an answer in the place of another word;
   * 3: any word in the place of any.
   */
  readonly rank: number;
}

/** As many as a worker draws in one call. */
const MOST = 64;

/** Returns candidates, lowest rank first and, within a rank, those near the end first. @throws Refusal where the two answers are one, or no word could be changed */
export function candidates(prompt: string, answer: string, versus: string): Candidate[] {
  if (answer === '' || versus === '')
    throw refused(
      'no-answer',
      'the prompt has an empty answer',
      'nothing is no token',
      'give --answer and --versus a word each',
    );
  if (answer === versus)
    throw refused(
      'same-answer',
      `the prompt has the answer ${JSON.stringify(answer)} twice`,
      'what is measured is one answer against the other',
      'give --versus another answer',
    );
  const pair = (contrast: string): StudyPair =>
    pairOf({ prompt, answer }, { prompt: contrast, answer: versus }, 'the prompt');
  const answers = [versus.trim(), answer.trim()].filter((word) => word !== '');
  const exchanged = exchange(prompt, answer.trim(), versus.trim());
  const words = [...prompt.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => ({ word: match[0], at: match.index })).reverse();
  const others = [...new Set([...answers, ...words.map(({ word }) => word)])];
  const rank = (word: string, other: string): number => {
    if (!answers.includes(other)) return 3;
    return answers.includes(word) && words.filter((each) => each.word === word).length > 1 ? 0 : 2;
  };
  const found = others.flatMap((other) =>
    words
      .filter(({ word }) => word !== other)
      .map(({ word, at }) => ({
        pair: pair(`${prompt.slice(0, at)}${other}${prompt.slice(at + word.length)}`),
        says: `"${other}" in the place of "${word}"`,
        rank: rank(word, other),
      })),
  );
  if (exchanged !== null)
    found.push({ pair: pair(exchanged), says: 'the two answers exchanged in the prompt', rank: 1 });
  if (found.length > 0) return found.sort((a, b) => a.rank - b.rank).slice(0, MOST);
  throw refused(
    'nothing-to-contrast',
    'the prompt has no contrast',
    'it has no two words of which one could stand in the place of the other',
    'give two sets of prompts with --base and --contrast',
  );
}

/**
 * Returns, of the contrasts that turn the model to the other answer (a logit difference below 0), one of the lowest rank: the one that
 * turns it the most. Where none turns it, of all, whatever their rank.
 */
export function turningMost<T extends Pick<Candidate, 'rank'> & { readonly logit_difference: number }>(
  measured: readonly T[],
): T {
  const turning = measured.filter(({ logit_difference }) => logit_difference < 0);
  const lowest = Math.min(...turning.map(({ rank }) => rank));
  const open = turning.length > 0 ? turning.filter(({ rank }) => rank === lowest) : measured;
  return open.reduce((best, one) => (one.logit_difference < best.logit_difference ? one : best));
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
