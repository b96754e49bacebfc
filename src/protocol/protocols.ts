/**
 * Protocols as they are written in `protocols/findings`, checked by schema, names and tools, and their hash. More findings (one's
 * own) may lie in the folders that RECIRCUIT_FINDINGS names.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, Protocol } from '../contract/index.ts';
import { criterionProblems } from './criterion-problems.ts';
import { badFile, homesOf, listNames, readText, readYaml, standsTwice } from './files.ts';
import { namedProblems } from './named-problems.ts';
import { unknownName } from './names.ts';
import { protocolProblems } from './problems.ts';
import { toolProblems } from './tool-problems.ts';

const VARIABLE = 'RECIRCUIT_FINDINGS';

/** Returns the folder of a finding; of one that is not there, where it would stand among ours. @throws Refusal two-findings */
export function findingFolder(finding: string): string {
  const [ours, ...others] = homesOf('findings', VARIABLE) as [string, ...string[]];
  const found = [ours, ...others].filter((home) => findingsIn(home).includes(finding));
  if (found.length > 1) throw standsTwice('finding', finding, found.length, VARIABLE);
  return join(found[0] ?? ours, finding);
}

/** Returns all protocols by finding, in order. @throws Refusal for the first that cannot be used */
export function loadProtocols(): Map<string, Protocol> {
  return new Map(findings().map((finding) => [finding, readProtocol(finding)]));
}

/** @throws Refusal for an unknown name (with the nearest one) or a protocol that cannot be used */
export function loadProtocol(finding: string): Protocol {
  const names = findings();
  if (!names.includes(finding)) throw unknownName('finding', finding, names);
  return readProtocol(finding);
}

/** Returns the sha256 of the canonical JSON of a protocol; white space and comments of its file do not count. */
export function protocolHash(protocol: Protocol): string {
  return hashOf(protocol);
}

/** File -> its text and what it says, since a command reads the same few files many times. */
const known = new Map<string, { readonly text: string; readonly protocol: Protocol }>();

/** Returns a protocol of the caller's own. */
function readProtocol(finding: string): Protocol {
  const folder = findingFolder(finding);
  const file = join(folder, 'protocol.yaml');
  const text = readText(file);
  const before = known.get(file);
  const protocol = before?.text === text ? before.protocol : checkedProtocol(file, finding);
  known.set(file, { text, protocol });
  const [missing] = missingLists(protocol, folder);
  if (missing !== undefined) throw badFile(file, missing);
  return structuredClone(protocol);
}

function checkedProtocol(file: string, finding: string): Protocol {
  const protocol = readYaml(file, Protocol);
  if (protocol.finding !== finding)
    throw badFile(file, `it names itself "${protocol.finding}" but lies in the folder "${finding}"`);
  const [problem] = [toolProblems, protocolProblems, criterionProblems, namedProblems].flatMap((find) =>
    find(protocol),
  );
  if (problem !== undefined) throw badFile(file, problem);
  return protocol;
}

function missingLists({ published }: Protocol, folder: string): string[] {
  return published
    .filter(({ file }) => !existsSync(join(folder, file)))
    .map(({ model, file }) => `the list of ${model} stands in "${file}", which does not lie beside it`);
}

function findings(): string[] {
  return [...new Set(homesOf('findings', VARIABLE).flatMap(findingsIn))].sort();
}

function findingsIn(home: string): string[] {
  return listNames(home).filter((name) => existsSync(join(home, name, 'protocol.yaml')));
}
