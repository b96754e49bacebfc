/** Variables that would make a library phone home are removed before it is loaded. */

const TRACING = /^(LANGSMITH_|LANGCHAIN_)/;

export function silenceTracing(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) if (TRACING.test(name)) delete environment[name];
}
