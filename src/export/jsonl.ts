/**
 * The whole record of one run as JSON lines: run, steps, what the journal says of it, and every tensor. It can be read back; what was
 * altered on the way is refused by the store.
 */
import * as z from 'zod';
import { Refusal, Run, StepBody } from '../contract/index.ts';
import { type RunReader, readTrajectory, type Trajectory, tensorText, trajectoryText } from '../store/index.ts';
import { artifactsIn, type Source } from './source.ts';

/** Returns the lines and, in a sentence each, the artifacts that are not in them. */
export function jsonl(record: RunReader, source: Source): { text: string; left_out: string[] } {
  const { found, wrong } = artifactsIn(source);
  return { text: [trajectoryText(record, source.run), ...found.map(tensorText)].join(''), left_out: wrong };
}

/** Reads what `jsonl` wrote; whether it is unchanged is the store's to say. @throws Refusal not-an-export */
export function readJsonl(text: string, file: string): Trajectory {
  const refuse = (what: string, why: string): Refusal =>
    new Refusal({
      code: 'not-an-export',
      what,
      why,
      instead: 'name a file that `recircuit runs export --format jsonl` wrote',
    });
  let read: Trajectory;
  try {
    read = readTrajectory(text);
  } catch (error) {
    throw refuse(file, (error as Error).message);
  }
  const run = Run.safeParse(read.run);
  if (!run.success) throw refuse(`the run in ${file}`, told(run.error));
  for (const { seq, body } of read.steps) {
    const checked = StepBody.safeParse(body);
    if (!checked.success) throw refuse(`step ${seq} in ${file}`, told(checked.error));
  }
  return read;
}

const told = (error: z.ZodError): string => z.prettifyError(error).replaceAll(/\s+/g, ' ');
