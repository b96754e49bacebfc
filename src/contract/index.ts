/** Every public type of the contract, by name. */
export { ArtifactRef, Manifest } from './artifact.ts';
export { BehaviourFile, Material, Pair, Split, Task, TaskFile, Template } from './behaviour.ts';
export { Budget, BudgetName } from './budget.ts';
export { canonicalJson, hashOf, sha256 } from './canonical.ts';
export { Cites, Claim, EvidenceKind, Plan, Remark, SealedClaim } from './claim.ts';
export { ContrastFile, ContrastTask, Slot } from './contrast.ts';
export { CurriculumCard, CurriculumRecipe, type Lesson } from './curriculum.ts';
export { type Deviation, deviationLine, deviationsOf } from './deviation.ts';
export { EXIT, Failure, Fault, Refusal } from './error.ts';
export { PooledCell, PublishedCell, RunEvidence } from './grid.ts';
export { JournalBody, JournalEntry } from './journal.ts';
export {
  BuiltCard,
  CurvePoint,
  Dtype,
  ExpectedFacts,
  ModelCard,
  ModelFacts,
  OrganismCard,
  OrganismRecipe,
  SelfTest,
} from './model.ts';
export { Component, Engine, Json, type JsonObject, Seed, Sha256, Share, Slug } from './names.ts';
export { nameIn, type PathResult, readPath } from './path.ts';
export { HandRecipe, Motif, PlantedCard } from './planted.ts';
export {
  CLEAN,
  ContrastPrompts,
  InContextPrompts,
  PairedPrompts,
  Position,
  Prompts,
  RepeatedPrompts,
  Variant,
} from './prompts.ts';
export {
  Condition,
  Control,
  Criterion,
  EvidenceAsked,
  Listed,
  Measurement,
  Path,
  Pick,
  ProcedureStep,
  Protocol,
  PublishedRanking,
  pathsIn,
  Quantity,
  Role,
  Selection,
  ToolStep,
} from './protocol.ts';
export { Audit, Receipt } from './receipt.ts';
export { Reference } from './reference.ts';
export { Cell, Run, RunState } from './run.ts';
export { Phase, type Step, StepBody, type StepKind, type StepOf } from './step.ts';
export { type Changed, Study, type StudyCall, StudyPair } from './study.ts';
export { Usage } from './turn.ts';
export { seenJson, spelled } from './unseen.ts';
export { CriterionResult, Verdict, VerdictName } from './verdict.ts';
export {
  BuildRequest,
  CurriculumRequest,
  Hello,
  MAX_LINE_BYTES,
  Notification,
  OpenRequest,
  OpenResult,
  PermuteRequest,
  PermuteResult,
  PlantedRequest,
  Progress,
  Reply,
  WIRE_VERSION,
} from './wire.ts';
