/** Writes an imported behaviour as a behaviour folder, which RECIRCUIT_BEHAVIOURS then makes known. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { Refusal } from '../contract/index.ts';
import type { LoadedBehaviour } from './behaviours.ts';
import { writeCsv } from './csv.ts';
import { shown } from './files.ts';

/**
 * Writes `<target>/<name>/behaviour.yaml` and its word lists, whole or not at all, and returns that folder.
 * @throws Refusal where it is already there
 */
export function writeImported({ file, tasks }: LoadedBehaviour, target: string): string {
  const folder = join(target, file.behaviour);
  if (existsSync(folder)) {
    throw new Refusal({
      code: 'behaviour-exists',
      what: `${shown(folder)} is not written`,
      why: 'it is there already, and earlier runs may rest on it',
      instead: 'give the behaviour another name or another folder',
    });
  }
  mkdirSync(dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(join(target, `.${file.behaviour}-`));
  try {
    mkdirSync(join(unfinished, 'words'));
    for (const { task, pairs } of tasks) {
      const rows = pairs.map(({ input, output }) => [input, output]);
      writeFileSync(join(unfinished, 'words', `${task}.csv`), writeCsv({ columns: ['input', 'output'], rows }));
    }
    writeFileSync(join(unfinished, 'behaviour.yaml'), stringify(file));
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
  return folder;
}
