/** Runs the tools that set-up drives: quiet while they work, their last lines when they fail. */
import { spawn } from 'node:child_process';
import { SetupError, say, seconds } from './report.mjs';

const STILL_MS = 30_000;
const TAIL = 15;

/**
 * Runs a command to its end and says how long it took.
 * @throws SetupError with `advice` after the last lines of the tool's output.
 */
export async function runQuietly(what, command, args, { cwd, env, advice }) {
  const begun = performance.now();
  say(`${what} …`);
  const still = setInterval(() => say(`${what}: still at it (${seconds(begun)})`), STILL_MS);
  const { code, signal, output } = await collect(command, args, { cwd, env });
  clearInterval(still);
  if (code === 0) return say(`${what}: done in ${seconds(begun)}`);
  for (const line of output.trimEnd().split('\n').slice(-TAIL)) process.stderr.write(`  ${line}\n`);
  throw new SetupError(`${what} failed (${signal ?? `exit code ${code}`}): ${advice}.`);
}

/** Runs a command and returns how it ended and what it printed; never throws. */
export function collect(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => {
      output = (output + chunk).slice(-100_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: 127, signal: null, output: `${output}${error.message}\n` }));
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
}

/** Runs a command on our terminal; Ctrl-C reaches it by itself and SIGTERM is passed on. Returns its exit code. */
export function runVisibly(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: 'inherit' });
    const pass = () => child.kill('SIGTERM');
    const wait = () => undefined;
    process.on('SIGTERM', pass).on('SIGINT', wait);
    const end = (code) => {
      process.off('SIGTERM', pass).off('SIGINT', wait);
      resolve(code);
    };
    child.on('error', (error) => {
      process.stderr.write(`${command} could not be started: ${error.message}\n`);
      end(127);
    });
    child.on('close', (code, signal) => end(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
