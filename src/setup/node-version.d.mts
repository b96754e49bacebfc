/** Types of node-version.mjs, for the TypeScript side. */
export function wantedNode(): string;
export function satisfies(version: string, range: string): boolean;
