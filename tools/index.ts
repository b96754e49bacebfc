/** The registry: one line per tool. Adding a tool means its folder, its line here and its Python module of the same name. */
import { ablateComponents } from './ablate_components/tool.ts';
import { attentionScores } from './attention_scores/tool.ts';
import { attributeEdges } from './attribute_edges/tool.ts';
import { attributeHeads } from './attribute_heads/tool.ts';
import { copyScores } from './copy_scores/tool.ts';
import type { Tool } from './define.ts';
import { describeModel } from './describe_model/tool.ts';
import { directLogitAttribution } from './direct_logit_attribution/tool.ts';
import { editAttention } from './edit_attention/tool.ts';
import { faithfulness } from './faithfulness/tool.ts';
import { findPositions } from './find_positions/tool.ts';
import { generatePrompts } from './generate_prompts/tool.ts';
import { injectVector } from './inject_vector/tool.ts';
import { logitLens } from './logit_lens/tool.ts';
import { meanActivations } from './mean_activations/tool.ts';
import { measureBehaviour } from './measure_behaviour/tool.ts';
import { pathPatch } from './path_patch/tool.ts';
import { rankHeads } from './rank_heads/tool.ts';
import { recallMemory } from './recall_memory/tool.ts';
import { successorScores } from './successor_scores/tool.ts';
import { suppressionScores } from './suppression_scores/tool.ts';
import { sweepHeads } from './sweep_heads/tool.ts';
import { sweepLayers } from './sweep_layers/tool.ts';

export type { Cost, Tool } from './define.ts';
export { schemaForModel } from './schema-for-model.ts';

export const tools: readonly Tool[] = [
  describeModel,
  generatePrompts,
  measureBehaviour,
  meanActivations,
  sweepHeads,
  rankHeads,
  pathPatch,
  faithfulness,
  attributeHeads,
  attributeEdges,
  sweepLayers,
  findPositions,
  directLogitAttribution,
  logitLens,
  injectVector,
  ablateComponents,
  attentionScores,
  editAttention,
  copyScores,
  successorScores,
  suppressionScores,
  recallMemory,
] as unknown as readonly Tool[];

const byName = new Map(tools.map((tool) => [tool.name, tool]));

/** Returns the tool of that name, or undefined. */
export function findTool(name: string): Tool | undefined {
  return byName.get(name);
}
