/** How a command fails: one sentence on stderr and a documented exit code. A stack trace only for those who ask for it. */
import { CommanderError } from 'commander';
import { EXIT, Fault, Refusal } from '../contract/index.ts';
import { safe } from '../report/index.ts';

/** Words that are no command of ours: the person at the keyboard can mend them. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Returns the exit code; `sentence` is empty where commander has printed what was asked for (help, version). */
export function explain(error: unknown): { code: number; sentence: string } {
  if (error instanceof CommanderError) {
    return error.exitCode === 0
      ? { code: EXIT.ok, sentence: '' }
      : { code: EXIT.usage, sentence: usage(error.message) };
  }
  const sentence = safe(error instanceof Error ? error.message : error, 'line');
  if (error instanceof Error && error.name === 'AbortError') {
    return {
      code: EXIT.interrupted,
      sentence: 'stopped by a signal before a run was opened, so there is nothing to resume.',
    };
  }
  if (error instanceof UsageError) return { code: EXIT.usage, sentence };
  if (error instanceof Refusal) return { code: EXIT.refused, sentence };
  if (error instanceof Fault)
    return { code: error.failure.code === 'cancelled' ? EXIT.interrupted : EXIT.fault, sentence };
  return { code: EXIT.fault, sentence: `this is a defect of recircuit (${sentence}); --trace shows where it happened` };
}

/** Commander writes `error: …` and its suggestion in brackets on a line of its own. */
function usage(message: string): string {
  const [, said = message, meant] = /^(?:error: )?(.*?)(?:\s*\n\s*\((Did you mean .*)\))?$/s.exec(message.trim()) ?? [];
  const words = safe(said, 'line').replace(/[.]$/, '');
  return meant === undefined
    ? `${words}. Instead: see --help.`
    : `${words}: ${safe(meant, 'line').replace('Did', 'did')} Otherwise see --help.`;
}
