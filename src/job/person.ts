/**
 * Whoever types at standard input: at a terminal with completion and history, or a file or pipe of lines. Everything is said on
 * stderr, so that stdout holds the result and nothing else.
 */
import { fstatSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import type { Person } from '../../agents/index.ts';
import { Refusal, spelled } from '../contract/index.ts';

export function person(): Person {
  const { stdin, stderr } = process;
  const ask = stdin.isTTY ? atTerminal() : fromLines();
  return {
    check: refuseNobody,
    // A progress line may stand there.
    show: (text) => void stderr.write(`${stderr.isTTY ? '\r\u001b[2K' : ''}${text === '' ? '' : `${text}\n`}`),
    ask,
  };
}

function refuseNobody(): void {
  if (process.stdin.isTTY || holdsSomething()) return;
  throw new Refusal({
    code: 'nobody-there',
    what: 'the planner human cannot work',
    why: 'standard input is neither a terminal nor a file or pipe of actions',
    instead: 'run it at a terminal, or feed it lines: recircuit run … --planner human < actions.txt',
  });
}

function holdsSomething(): boolean {
  try {
    const found = fstatSync(0);
    return found.isFile() ? found.size > 0 : !found.isCharacterDevice();
  } catch {
    return false;
  }
}

/** A reader for each question: between two of them Ctrl-C is an ordinary signal again. */
function atTerminal(): Person['ask'] {
  let history: string[] = [];
  return (prompt, complete, signal) =>
    new Promise((resolve, reject) => {
      const { stdin: input, stderr: output } = process;
      const reader = createInterface({ input, output, terminal: true, completer: complete, history });
      const end = (line: string | null): void => {
        resolve(line);
        reader.close();
      };
      const onAbort = (): void => {
        reject(signal.reason as Error);
        reader.close();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      reader.on('history', (lines) => {
        history = lines;
      });
      reader.once('SIGINT', () => end(null));
      reader.once('close', () => {
        signal.removeEventListener('abort', onAbort);
        resolve(null);
      });
      output.write('\r\u001b[2K');
      reader.question(prompt, end);
    });
}

/** Each line is said again, so that what is printed reads as a transcript. */
function fromLines(): Person['ask'] {
  const lines: string[] = [];
  let reader: Interface | undefined;
  let ended = false;
  let wake = (): void => undefined;
  return async (prompt, _complete, signal) => {
    reader ??= createInterface({ input: process.stdin, terminal: false })
      .on('line', (line) => {
        lines.push(line);
        wake();
      })
      .on('close', () => {
        ended = true;
        wake();
      });
    const onAbort = (): void => wake();
    signal.addEventListener('abort', onAbort, { once: true });
    while (lines.length === 0 && !ended && !signal.aborted) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        reader?.resume();
      });
    }
    signal.removeEventListener('abort', onAbort);
    signal.throwIfAborted();
    if (!ended) reader.pause();
    const line = lines.shift() ?? null;
    if (line !== null && line.trim() !== '' && !line.trimStart().startsWith('#'))
      process.stderr.write(`${prompt}${spelled(line)}\n`);
    return line;
  };
}
