/** Published cells: the rankings that protocols carry with them, and the figures that a user imported, which take their place. */
import { join } from 'node:path';
import * as z from 'zod';
import { hashOf, type PublishedCell } from '../contract/index.ts';
import { findingFolder, loadProtocols, publishedRanking, readJson } from '../protocol/index.ts';

/** @param imported figures of the record */
export function publishedCells(imported: readonly PublishedCell[]): PublishedCell[] {
  const taken = new Set(imported.map(({ finding, model }) => `${finding} ${model}`));
  return [...shippedCells().filter(({ finding, model }) => !taken.has(`${finding} ${model}`)), ...imported];
}

/** A list of one receiver alone is what criteria compare with; it is no ranking of the circuit. */
const isWhole = ({ receiver }: { receiver?: string | undefined }): boolean => receiver === undefined;

function shippedCells(): PublishedCell[] {
  return [...loadProtocols().values()].flatMap((protocol) =>
    protocol.published.filter(isWhole).map((ranking) => {
      const file = join(findingFolder(protocol.finding), ranking.file);
      return {
        behaviour: protocol.behaviour,
        finding: protocol.finding,
        model: ranking.model,
        card: ranking.card,
        source: {
          paper: ranking.source,
          arxiv: null,
          repository: null,
          commit: null,
          file: `protocols/findings/${protocol.finding}/${ranking.file}`,
          sha256: hashOf(readJson(file, z.json())),
          verified: true,
        },
        figures: {
          kind: 'ranking' as const,
          role: protocol.roles[0]?.role ?? 'component',
          unit: 'as published',
          heads: publishedRanking(protocol, ranking).map(({ component, effect }) => ({ component, effect })),
        },
      };
    }),
  );
}
