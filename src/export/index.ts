/** Exports: a run for other programs. The page for people is made by the report. */
export { inspectLog, inspectName } from './inspect.ts';
export { jsonl, readJsonl } from './jsonl.ts';
export { otlp } from './otlp.ts';
export { sft } from './sft.ts';
export type { Source } from './source.ts';
