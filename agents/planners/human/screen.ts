/** The words for the person: what the run is about, what may be typed, what a tool takes. */
import type { JsonObject } from '../../../src/contract/index.ts';
import { findTool } from '../../../tools/index.ts';
import { offered } from '../../offer/offered.ts';
import type { Observation } from '../../ports.ts';
import { escaped } from '../../show/data.ts';
import { findingText } from '../language/opening.ts';
import { fieldsOf, schemasAt, typeOf } from './schema.ts';

export const HELP = `Type one action a line; Tab completes.
  plan intent="why" <name>=<tool>:<criterion>,...   once, before the first experiment
  <tool> key=value ...      an experiment; nested keys with dots: prompts.count=10
                            name=, serves= and because= say what it is called, informs, and why
  more <name> [<list>] [from=12] [largest=effect]    further rows; costs nothing
  claim <role>=<components> <setting>=<value> statement="..." <evidence>=<name>,...
  give_up <reason>          an honest end where the evidence carries no claim
  tools [<tool>]            what there is, and what one takes
  help, quit                quit, Ctrl-D and Ctrl-C leave a run that can be resumed
Values: text, numbers, "quoted text", JSON, lists as a,b,c; $seed; $<name>.<path> for what a result or a selection holds,
such as $means.means.sha256; $others:<name>.<path> for as many random heads of the same layers. A line may also be an action in JSON: {"kind": "tool", "tool": ..., "input": {...}}.`;

export function firstScreen({ protocol, facts, seed, remaining, plan }: Observation): string {
  const next = plan === null ? 'First a plan, then experiments, then a claim.' : 'The plan is sealed: go on with it.';
  return [
    plain(findingText(protocol)),
    `model ${facts.model}: ${facts.architecture}, ${facts.layers} layers of ${facts.heads} heads; seed ${seed}; ${remaining} experiments`,
    '',
    HELP,
    '',
    next,
  ].join('\n');
}

/** All tools, or what one of them takes. */
export function toolsScreen(name: string | undefined): string {
  const one = offered().find((tool) => tool.name === name);
  if (one === undefined)
    return offered()
      .map((tool) => `${tool.name.padEnd(26)}${firstSentence(tool.description)}`)
      .join('\n');
  const base = findTool(one.name) ? ['input'] : [];
  return [one.description, ...argumentsOf(one.schema, base, '  ')].join('\n');
}

function argumentsOf(schema: JsonObject, path: readonly string[], indent: string): string[] {
  const schemas = schemasAt(schema, path);
  const required = new Set(schemas.flatMap((one) => (one['required'] as string[] | undefined) ?? []));
  return fieldsOf(schemas).flatMap((field) => {
    const at = [...path, field];
    const found = schemasAt(schema, at);
    const about = found
      .map(({ description }) => description)
      .find((text) => typeof text === 'string' && !text.startsWith('Stands for'));
    const line = `${indent}${field}${required.has(field) ? '' : '?'}: ${typeOf(found)}${about === undefined ? '' : `  -- ${String(about)}`}`;
    return [line, ...(indent.length < 6 ? argumentsOf(schema, at, `${indent}  `) : [])];
  });
}

function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0] ?? text;
}

/** Foreign text on a terminal: unseen characters are spelled, markup needs no escape there. */
export function plain(text: string): string {
  return unescaped(escaped(text));
}

/** Returns what stands in data elements, as a person reads it; unseen characters stay spelled. */
export function bare(text: string): string {
  return unescaped(text.replaceAll(/^<data kind="[\w-]+">\n|\n?^<\/data>$/gm, ''));
}

function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&amp;', '&');
}
