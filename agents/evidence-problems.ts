/**
 * Whether a claim cites the experiments that its finding asks for. Which they are is data of the protocol; here stands how a cited
 * act is held against it. What an experiment found is not asked: a weak effect is for the verification to judge.
 */
import { type Claim, canonicalJson, type EvidenceAsked, EvidenceKind, readPath } from '../src/contract/index.ts';
import type { NamedResult, Observation } from './ports.ts';

type Giver = EvidenceAsked['given_by'][number];
type Seen = Pick<Observation, 'protocol' | 'results' | 'refusals'>;

/** Returns one sentence for each kind that lacks evidence and each citation that is none. */
export function evidenceProblems(claim: Claim, seen: Seen): string[] {
  const asked = seen.protocol.evidence ?? [];
  const missing = asked.filter(({ kind }) => claim.cites[kind] === undefined);
  const cited = EvidenceKind.options.flatMap((kind) => (claim.cites[kind] ?? []).map((act) => ({ kind, act })));
  return [
    ...missing.map(
      ({ kind, says, given_by }) => `no act is cited for ${kind} (${says}); ${waysOf(given_by)} can give it`,
    ),
    ...cited.flatMap(({ kind, act }) => {
      const wanted = asked.find((one) => one.kind === kind);
      return citationProblem(act, kind, wanted?.given_by, claim, seen) ?? [];
    }),
    ...(cited.length === 0 && asked.length === 0 ? ['a claim cites at least one act'] : []),
  ];
}

/** @param givers undefined where the finding does not ask for this kind: then any result may stand there */
function citationProblem(
  act: string,
  kind: EvidenceKind,
  givers: readonly Giver[] | undefined,
  claim: Claim,
  { results, refusals }: Seen,
): string | null {
  const found = Object.values(results).find((result) => result.act === act);
  if (found === undefined) {
    const refused = refusals.some((refusal) => refusal.act === act);
    return `${act}, cited for ${kind}, ${refused ? 'was refused and has no result' : 'is not an act of this run that has a result'}`;
  }
  if (givers === undefined) return null;
  const fitting = givers.filter(({ tool }) => tool === found.tool);
  if (fitting.length === 0)
    return `${act} is no evidence of ${kind}: ${found.tool} cannot give it, ${waysOf(givers)} can`;
  const all = Object.values(claim.roles).flat();
  const reasons = fitting.map((giver) =>
    unfit(giver, found, [...new Set(giver.role === undefined ? all : (claim.roles[giver.role] ?? []))]),
  );
  return reasons.includes(null) ? null : `${act} is no evidence of ${kind}: ${[...new Set(reasons)].join('; or ')}`;
}

/** Why a call is not the experiment that is meant, or null where it is. */
function unfit(
  { where, components, are }: Giver,
  { input, output }: NamedResult,
  claimed: readonly string[],
): string | null {
  for (const [field, value] of Object.entries(where)) {
    if (canonicalJson(input[field] ?? null) !== canonicalJson(value))
      return `its ${field} is ${canonicalJson(input[field] ?? null)} and has to be ${canonicalJson(value)}`;
  }
  const read = readPath(components, { input, output });
  const tested = new Set(read.found && Array.isArray(read.value) ? read.value.map(String) : []);
  const untested = claimed.filter((component) => !tested.has(component));
  if (are === 'others') {
    if (untested.length < claimed.length) return 'it was made on claimed components, and has to be made on others';
    return tested.size < claimed.length
      ? `it was made on ${tested.size} components, and ${claimed.length} are claimed`
      : null;
  }
  if (untested.length > 0) return `it was not made on ${untested.join(', ')}, which the claim names`;
  const more = tested.size - claimed.length;
  return are === 'claimed' && more > 0 ? `it was made on ${more} components more than are claimed` : null;
}

function waysOf(givers: readonly Giver[]): string {
  const ways = givers.map(({ tool, where, are, role }) => {
    const fields = Object.entries(where).map(([field, value]) => `${field} ${canonicalJson(value)}`);
    const on = {
      claimed: 'exactly the claimed components',
      'with-claimed': 'the claimed components among others',
      others: 'as many others',
    };
    return `${[tool, ...fields].join(' with ')} on ${on[are]}${role === undefined ? '' : ` of the role ${role}`}`;
  });
  return [...new Set(ways)].join(', or ');
}
