/** The formats of `runs export` by name: a command is described without loading what writes them. */
import { InvalidArgumentError } from 'commander';

export const FORMATS = ['html', 'json', 'jsonl', 'inspect', 'otlp', 'sft'] as const;
export type Format = (typeof FORMATS)[number];

export function formatOf(text: string): Format {
  const format = FORMATS.find((known) => known === text);
  if (format === undefined) throw new InvalidArgumentError(`the formats are ${FORMATS.join(', ')}`);
  return format;
}
