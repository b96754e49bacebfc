/** Types of versions.mjs, for the TypeScript side. */
export function wantedNode(): string;
export function wantedPython(): string;
export function satisfies(version: string, range: string): boolean;
