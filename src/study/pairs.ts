/**
 * Two sets of prompts as pairs: read from files, one prompt a line or a template with rows, and held against each other. Whether a
 * tokenizer can express them is the worker's to say.
 */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import * as z from 'zod';
import { Refusal, type StudyPair } from '../contract/index.ts';

const Line = z.strictObject({ prompt: z.string().min(1), answer: z.string().min(1) });
export type StudyPrompt = z.infer<typeof Line>;

/** A prompt and an answer with slots in braces, and what stands in them, row by row. */
const TemplateFile = z.strictObject({
  prompt: z.string().min(1),
  answer: z.string().min(1),
  rows: z.array(z.record(z.string().regex(/^\w+$/), z.union([z.string(), z.number()]).transform(String))).min(1),
});

const MOST = 256;

/** Returns the pairs of two files, line by line. @throws Refusal where they do not correspond */
export function readPairs(baseFile: string, contrastFile: string): StudyPair[] {
  const [base, contrast] = [readPrompts(baseFile), readPrompts(contrastFile)];
  if (base.length !== contrast.length)
    throw refused(
      'sets-differ',
      `${baseFile} and ${contrastFile} are no two sets of pairs`,
      `one has ${count(base.length)} and the other ${contrast.length}`,
      'give each base prompt its contrast prompt, in the same order',
    );
  if (base.length > MOST)
    throw refused(
      'too-many-pairs',
      `${base.length} pairs were to be studied`,
      `more than ${MOST} say no more and take long`,
      `give at most ${MOST}`,
    );
  return base.map((one, index) => pairOf(one, contrast[index] as StudyPrompt, `pair ${index + 1}`));
}

/** @throws Refusal where the two do not differ */
export function pairOf(base: StudyPrompt, contrast: StudyPrompt, name: string): StudyPair {
  if (base.prompt === contrast.prompt)
    throw refused(
      'same-prompt',
      `${name} has the same prompt twice`,
      'nothing in it differs, so that nothing could explain a difference',
      'change a word in one of them',
    );
  if (base.answer === contrast.answer)
    throw refused(
      'same-answer',
      `${name} has the answer ${JSON.stringify(base.answer)} twice`,
      'what is measured is one answer against the other',
      'give the contrast prompt the answer that it should have',
    );
  return { base: base.prompt, contrast: contrast.prompt, answer: base.answer, versus: contrast.answer };
}

/** Returns the prompts of a file: JSON lines, a template (YAML), or else a prompt, a tab and its answer on each line. */
export function readPrompts(file: string): StudyPrompt[] {
  const text = contentOf(file);
  if (/\.ya?ml$/.test(file)) return fromTemplate(text, file);
  const lines = text.split(/\r?\n/).flatMap((line, index) => (line.trim() === '' ? [] : [{ line, at: index + 1 }]));
  if (lines.length === 0) throw badFile(file, 'it holds no prompt');
  return lines.map(({ line, at }) => (file.endsWith('.jsonl') ? fromJson(line, file, at) : fromTabs(line, file, at)));
}

function fromTabs(line: string, file: string, at: number): StudyPrompt {
  const parts = line.split('\t');
  if (parts.length !== 2 || parts.some((part) => part === ''))
    throw badFile(file, `line ${at} is not a prompt, one tab and its answer`);
  // A prompt of several lines is written with \n.
  const [prompt, answer] = parts.map((part) => part.replaceAll('\\n', '\n')) as [string, string];
  return { prompt, answer };
}

function fromJson(line: string, file: string, at: number): StudyPrompt {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw badFile(file, `line ${at} is not JSON`);
  }
  const found = Line.safeParse(value);
  if (found.success) return found.data;
  throw badFile(file, `line ${at} is not {"prompt": …, "answer": …}`);
}

function fromTemplate(text: string, file: string): StudyPrompt[] {
  const document = parseDocument(text);
  const found = TemplateFile.safeParse(document.errors.length === 0 ? document.toJS({ maxAliasCount: 100 }) : null);
  if (!found.success) throw badFile(file, 'it is not a template: prompt, answer and rows that fill their slots');
  const { prompt, answer, rows } = found.data;
  return rows.map((row, index) => {
    const fill = (template: string): string =>
      template.replaceAll(/\{(\w+)\}/g, (_, slot: string) => {
        const value = row[slot];
        if (value === undefined) throw badFile(file, `row ${index + 1} has no "${slot}"`);
        return value;
      });
    return { prompt: fill(prompt), answer: fill(answer) };
  });
}

/** A byte that is none of the text would become another character, and be studied; a mark at the beginning is no part of it. */
function contentOf(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    if (cause instanceof TypeError) throw badFile(file, 'it is not text in UTF-8');
    const code = (cause as NodeJS.ErrnoException).code;
    throw badFile(file, code === 'ENOENT' ? 'it does not exist' : `it cannot be read (${code ?? 'unknown error'})`);
  }
}

const count = (prompts: number): string => (prompts === 1 ? '1 prompt' : `${prompts} prompts`);

function badFile(file: string, why: string): Refusal {
  return refused(
    'bad-file',
    `${file} cannot be used`,
    why,
    'mend the file; `recircuit study --help` shows the three forms',
  );
}

export function refused(code: string, what: string, why: string, instead: string): Refusal {
  return new Refusal({ code, what, why, instead });
}
