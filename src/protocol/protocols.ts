/** Protocols as they are written in `protocols/findings`, checked by schema, names and tools, and their hash. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, Protocol } from '../contract/index.ts';
import { badFile, listNames, protocolsFolder, readYaml } from './files.ts';
import { unknownName } from './names.ts';
import { protocolProblems } from './problems.ts';
import { toolProblems } from './tool-problems.ts';

const home = join(protocolsFolder, 'findings');

/** Returns the folder of a finding. */
export function findingFolder(finding: string): string {
  return join(home, finding);
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

function readProtocol(finding: string): Protocol {
  const file = join(home, finding, 'protocol.yaml');
  const protocol = readYaml(file, Protocol);
  if (protocol.finding !== finding)
    throw badFile(file, `it names itself "${protocol.finding}" but lies in the folder "${finding}"`);
  const [problem] = [...protocolProblems(protocol), ...toolProblems(protocol)];
  if (problem !== undefined) throw badFile(file, problem);
  return protocol;
}

function findings(): string[] {
  return listNames(home).filter((name) => existsSync(join(home, name, 'protocol.yaml')));
}
