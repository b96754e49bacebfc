/** How set-up speaks: one line a thing on stderr, so that `--json` on stdout stays clean; one sentence when it fails. */

/** A failure that a person can mend; printed as its sentence, without a stack. */
export class SetupError extends Error {
  name = 'SetupError';
}

export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** Returns the seconds since `since` (performance.now()) as text. */
export function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
