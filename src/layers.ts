/**
 * The import rules of `layers.json`, checked: which layer a file belongs to, what it imports, and which of that it may not.
 * TypeScript 7 has no compiler API, so imports are read by a lexer of ECMAScript modules, which type imports pass through too.
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { init, parse } from 'es-module-lexer';
import * as z from 'zod';
import data from './layers.json' with { type: 'json' };

const Layer = z.strictObject({
  layer: z.string(),
  paths: z.array(z.string()).min(1).describe('beginnings of paths from the root of the checkout'),
  may_import: z.array(z.string()).describe('other layers; its own always'),
  packages: z.array(z.string()),
  node: z.union([z.literal('any'), z.array(z.string().startsWith('node:'))]).describe('built-in modules'),
  never: z.array(z.strictObject({ text: z.string(), because: z.string().min(1) })).default([]),
  exceptions: z
    .array(z.strictObject({ path: z.string(), import: z.string(), because: z.string().min(1) }))
    .default([])
    .describe('a package, a built-in module or `computed`'),
  because: z.string().min(1),
});
export type Layer = z.infer<typeof Layer>;

/** Every layer. Paths end in `/` where they name a folder. */
export const layers: readonly Layer[] = z
  .strictObject({ about: z.string(), layers: z.array(Layer) })
  .parse(data).layers;

/** A source file: its path from the root, with `/`, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

const TEST = /\.test\.m?ts$|(^|\/)(testing|fixtures)(\.m?ts$|\/)/;

/** Tests and what only tests use: free to import anything, never imported by the product. */
export const isTest = (path: string): boolean => TEST.test(path);

/** Returns the layer with the longest fitting path. */
export function layerOf(path: string): Layer | undefined {
  const fits = ({ paths }: Layer): number =>
    Math.max(0, ...paths.filter((begin) => path.startsWith(begin)).map(({ length }) => length));
  const best = layers.reduce((a, b) => (fits(b) > fits(a) ? b : a));
  return fits(best) > 0 ? best : undefined;
}

/** Returns what a source imports, as written; null stands for a dynamic import whose name is computed. */
export async function importsOf({ path, text }: Source): Promise<(string | null)[]> {
  await init;
  // The lexer reads JavaScript and takes `export type` for a declaration.
  const [found] = parse(text.replaceAll(/\bexport\s+type\s+(?=[{*])/g, 'export '), path);
  return found.filter(({ d }) => d !== -2).map(({ n }) => n ?? null);
}

/** Returns one sentence for each rule that a source breaks. */
export async function violations(source: Source): Promise<string[]> {
  const layer = layerOf(source.path);
  if (layer === undefined) return [`${source.path} belongs to no layer: give src/layers.json a row for it`];
  if (isTest(source.path)) return [];
  const imported = (await importsOf(source)).map((name) => brokenBy(source.path, name, layer));
  const text = withoutComments(source.text);
  const said = layer.never.map(({ text: pattern, because }) => {
    const found = new RegExp(pattern).exec(text);
    return found === null ? null : `says \`${found[0]}\`: ${because}`;
  });
  return [...imported, ...said]
    .filter((wrong) => wrong !== null)
    .map((wrong) => `${source.path} (layer ${layer.layer}) ${wrong}`);
}

function brokenBy(path: string, name: string | null, layer: Layer): string | null {
  if (name?.startsWith('.')) return brokenInside(posix.join(posix.dirname(path), name), layer);
  const outside = outsideName(name);
  if (layer.exceptions.some((exception) => exception.path === path && exception.import === outside)) return null;
  if (name === null) return 'imports a computed name: write the name out, so that these rules can see it';
  if (isBuiltin(name) && !name.startsWith('node:')) return `imports ${name}: write node:${name}`;
  const allowed = name.startsWith('node:')
    ? layer.node === 'any' || layer.node.includes(outside)
    : layer.packages.includes(outside);
  return allowed ? null : `imports ${outside}, which this layer may not: ${layer.because}`;
}

/** `@scope/package/part` is the package `@scope/package`; null, a dynamic import whose name is not written, is `computed`. */
function outsideName(name: string | null): string {
  if (name === null) return 'computed';
  if (name.startsWith('node:')) return name;
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/');
}

function brokenInside(target: string, layer: Layer): string | null {
  const other = layerOf(target);
  if (other === undefined) return `imports ${target}, which belongs to no layer`;
  if (isTest(target)) return `imports ${target}, which is for tests only`;
  const allowed = other.layer === layer.layer || layer.may_import.includes(other.layer);
  return allowed ? null : `imports ${target} of layer ${other.layer}, which it may not: ${layer.because}`;
}

/** Texts stay, so that a slash within them is not taken for a comment. */
function withoutComments(text: string): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)/g;
  return text.replaceAll(token, (_, literal: string | undefined) => literal ?? ' ');
}
