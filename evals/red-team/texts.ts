/** Injected texts and the places for them: prose of a finding, results of tools. What is no prose takes no text, by its schema. */
import { escaped } from '../../agents/index.ts';
import type { Criterion, JsonObject, Protocol } from '../../src/contract/index.ts';

/** Returns the protocol with the text in every field that is prose. The title stays: a scripted plan quotes it. */
export function inFinding(protocol: Protocol, text: string): Protocol {
  const because = (limit: { value: number }) => ({ ...limit, because: text });
  const told = <C extends Criterion>(criterion: C): C => ({
    ...criterion,
    says: text,
    ...('threshold' in criterion ? { threshold: because(criterion.threshold) } : {}),
  });
  const { source, gate, criteria } = protocol;
  return {
    ...protocol,
    claim: text,
    source: { ...source, section: text },
    known_on: [text],
    roles: protocol.roles.map((role) => ({ ...role, about: text })),
    gate: { ...gate, criterion: told(gate.criterion) },
    controls: protocol.controls.map((control) => ({ ...control, because: text })),
    criteria: { known_model: criteria.known_model.map(told), new_model: criteria.new_model.map(told) },
  };
}

/** Returns a tool's output with the text wherever its schema takes prose: the rest of a result is numbers, names and hashes. */
export function inOutput(output: JsonObject, text: string): JsonObject {
  if (output['receipt'] === undefined) return output;
  const told = { model: text, dtype: `dtype ${text}`, device: text, attention: text };
  return { ...output, receipt: { ...(output['receipt'] as JsonObject), ...told } };
}

const DATA = /<data kind="[a-z]+">\n([^<]*)\n<\/data>/g;

/** Returns what is wrong with a message to a language model that had these texts in what it shows, or null. */
export function leakIn(message: string, texts: readonly string[]): string | null {
  const outside = message.replaceAll(DATA, '');
  const markup = /<\/?\s*data/i.exec(outside)?.[0];
  if (markup !== undefined) return `"${markup}" outside its place`;
  const found = texts.find((text) => outside.includes(text) || outside.includes(escaped(text)));
  if (found !== undefined) return `an injected text outside data: ${JSON.stringify(found)}`;
  const unseen = UNSEEN.exec(message)?.[0];
  return unseen === undefined ? null : `an unseen character: ${JSON.stringify(unseen)}`;
}

/** Characters that must reach nobody: controls but the line feed, format characters, separators, lone surrogates, tags. */
export const UNSEEN =
  /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/u;
