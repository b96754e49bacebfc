/** Everything of `protocols/` that others may load, by name. */
export {
  type BehaviourOptions,
  behaviourNames,
  type LoadedBehaviour,
  loadBehaviour,
  readBehaviour,
  taskNames,
} from './behaviours.ts';
export { readCsv } from './csv.ts';
export { badFile, readJson, readText, shown } from './files.ts';
export { type Imported, type ImportedFile, importFunctionVectors } from './import-published.ts';
export { cardForFolder, loadModelCard, loadModelCards } from './models.ts';
export { nearest, unknownName } from './names.ts';
export { findingFolder, loadProtocol, loadProtocols, protocolHash } from './protocols.ts';
export {
  comparedRanking,
  loadReference,
  publishedRanking,
  type RankedComponent,
  rankingName,
  readReference,
  sealReference,
} from './references.ts';
export { material, splitHash } from './split.ts';
export { agentView, type ProtocolView } from './view.ts';
export { writeImported } from './write-imported.ts';
