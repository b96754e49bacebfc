/** Types of paths.mjs, for the TypeScript side. */
export const root: string;
export const venv: string;
export const venvPython: string;
export function workerPython(env?: Readonly<Record<string, string | undefined>>): string;
export function hasWorkerPython(env?: Readonly<Record<string, string | undefined>>): boolean;
