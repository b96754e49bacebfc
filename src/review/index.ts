/** Review: walking a transcript, searching it, and saying what one sees in labels that cite its steps. */
export { hitLines, meaningLines, standingLines } from './draw.ts';
export { agreement, checkedLabel, meanings, standings } from './labels.ts';
export { HELP, walk } from './walk.ts';
