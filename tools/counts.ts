/** How many prompts a recipe stands for: the one arithmetic that all cost estimates share. */
import type { Prompts } from '../src/contract/index.ts';

export function promptCount(prompts: Prompts): number {
  return prompts.kind === 'repeated-tokens' ? prompts.count : prompts.tasks.length * prompts.count;
}
