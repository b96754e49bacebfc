/** Everything of `protocols/` that others may load, by name. */
export { type BehaviourOptions, behaviourNames, type LoadedBehaviour, loadBehaviour, readBehaviour } from './behaviours.ts';
export { nearest, unknownName } from './names.ts';
export { material, sharedOutputTasks, splitHash } from './split.ts';
