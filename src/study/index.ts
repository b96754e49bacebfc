/** Studies: two sets of prompts, one model, no finding. */
export { readPairs } from './pairs.ts';
export { type Question, runStudy } from './run.ts';
