/**
 * The order of test files: those that start many workers first, so that none of them is left to run alone at the end. Vitest orders
 * by size where it remembers no times, as on a machine that has just cloned the repository.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. A file that is not here, or here and gone, changes the order only. */
const SLOW = [
  'src/cli/readme.test.ts',
  'src/job/run-job.test.ts',
  'src/cli/recorded.test.ts',
  'src/replay/remeasure.test.ts',
  'src/cli/cli.test.ts',
  'src/mcp/mcp.test.ts',
  'src/replay/language.test.ts',
  'src/store/mutation.test.ts',
  'src/worker/client.test.ts',
  'src/cli/human.test.ts',
];

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = SLOW.findIndex((name) => moduleId.endsWith(name));
      return found < 0 ? SLOW.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}
