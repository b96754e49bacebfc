/** Words that name a recorded run: an id in the record, or a file of lines as `runs export --format jsonl` writes it. */
import { existsSync, readFileSync } from 'node:fs';
import { Refusal } from '../contract/index.ts';
import { type RunRecord, readTrajectory, type Trajectory } from '../store/index.ts';
import { type Cli, findRun, reading } from './cli.ts';

export const RUN_OR_FILE = 'id of a run, the beginning of it, `latest`, or a .jsonl file';

type InRecord = Pick<Trajectory, 'run' | 'steps'> & { readonly record: RunRecord };

/** Reads a run wherever it lies, and gives it to the one that fits. @throws Refusal */
export async function readRecorded<T>(
  cli: Cli,
  name: string,
  { record, file }: { record: (found: InRecord) => T | Promise<T>; file: (found: Trajectory) => T | Promise<T> },
): Promise<T> {
  if (name.endsWith('.jsonl')) return file(fromFile(name));
  return reading(cli.home(), (opened) => {
    const run = findRun(opened, name);
    return record({ record: opened, run, steps: opened.steps(run.run) });
  });
}

function fromFile(name: string): Trajectory {
  const refuse = (why: string, instead: string): Refusal =>
    new Refusal({ code: 'bad-trajectory', what: `the file ${name}`, why, instead });
  if (!existsSync(name))
    throw refuse('there is no such file', 'name a file that `recircuit runs export --format jsonl` wrote');
  try {
    return readTrajectory(readFileSync(name, 'utf8'));
  } catch (error) {
    throw refuse(
      `it cannot be read as a run: ${(error as Error).message}`,
      'name a file that `recircuit runs export --format jsonl` wrote',
    );
  }
}
