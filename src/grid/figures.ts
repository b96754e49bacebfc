/**
 * Reads published figures from a user's own copy, so that nothing of them need be shipped: ranked heads, matrices of path
 * patching, tables of accuracy. A file is known by the hash of its content; nothing in it is corrected.
 */
import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as z from 'zod';
import { hashOf, type ModelCard, PublishedCell, Refusal, sha256 } from '../contract/index.ts';
import { badFile, loadModelCards, readCsv, readJson, readText, shown } from '../protocol/index.ts';
import { type KnownFile, knownFiles } from './published-figures.ts';

const Source = z.looseObject({
  paper: z.string(),
  arxiv: z.string(),
  repository: z.string(),
  commit: z.string(),
  file: z.string().optional(),
  folder: z.string().optional(),
});
const index = z.number().int().min(0);

const RankedHeads = z.looseObject({
  source: Source,
  unit: z.string(),
  lists: z
    .array(z.looseObject({ model: z.string(), heads: z.array(z.tuple([index, index, z.number().nullable()])).min(1) }))
    .min(1),
});
const SenderMatrices = z.looseObject({
  source: Source,
  matrices: z
    .array(
      z.looseObject({
        model: z.string(),
        receiver: z.enum(['resid_post', 'value_input']),
        layer: index,
        head: index.optional(),
        role: z.string().optional(),
        shape: z.tuple([index, index]),
        values: z.array(z.array(z.number())).min(1),
      }),
    )
    .min(1),
});
const COLUMNS = ['model_name', 'setting', 'nmax', 'offset', 'n_icl_example', 'cf_acc', 'orig_acc'] as const;

type Where = { readonly path: string; readonly known: KnownFile; readonly verified: boolean; readonly hash: string };

/**
 * @param paths files, or folders that hold files of the known names
 * @throws Refusal for what holds no figures, cannot be read, or has the name of a known file and other content
 */
export function readFigures(paths: readonly string[]): PublishedCell[] {
  const cards = cardsByRepository();
  return paths.flatMap(filesIn).flatMap((path) => cellsOf(path, cards));
}

function filesIn(path: string): string[] {
  const place = resolve(path);
  if (!existsSync(place)) throw nothingAt(path, 'there is no such file or folder');
  if (!statSync(place).isDirectory()) return [place];
  const found = knownFiles()
    .map(({ file }) => join(place, file))
    .filter((file) => existsSync(file));
  if (found.length > 0) return found;
  throw nothingAt(
    path,
    `it holds none of ${knownFiles()
      .map(({ file }) => file)
      .join(', ')}`,
  );
}

const nothingAt = (path: string, why: string): Refusal =>
  new Refusal({
    code: 'no-figures',
    what: `${path} cannot be imported`,
    why,
    instead: 'name a file of published figures, or the folder with your copy of them',
  });

type Cards = ReadonlyMap<string, ModelCard>;

function cardsByRepository(): Cards {
  return new Map(
    [...loadModelCards().values()].flatMap((card) =>
      card.where.kind === 'hub' ? [[card.where.repository.toLowerCase(), card] as const] : [],
    ),
  );
}

function cellsOf(path: string, cards: Cards): PublishedCell[] {
  if (path.endsWith('.csv')) return accuracies(path, cards);
  const content = readJson(path, z.record(z.string(), z.json()));
  if ('lists' in content)
    return rankings(at(path, 'ranked-heads', hashOf(content)), readJson(path, RankedHeads), cards);
  if ('matrices' in content)
    return matrices(at(path, 'sender-matrices', hashOf(content)), readJson(path, SenderMatrices), cards);
  throw badFigures(path, 'it has neither "lists" of ranked heads nor "matrices" of senders');
}

/** @throws Refusal where a file has the name of a known one and other content */
function at(path: string, format: KnownFile['format'], hash: string): Where {
  const [known] = knownFiles().filter((file) => file.format === format) as [KnownFile];
  const verified = known.sha256 === hash;
  if (!verified && basename(path) === known.file)
    throw new Refusal({
      code: 'data-differs',
      what: `${shown(path)} cannot be imported`,
      why: 'it has the name of a published file but other content',
      instead: 'get it again, or rename it to import it as not verified',
    });
  return { path, known, verified, hash };
}

function sourceOf({ known, verified, hash }: Where, own: z.infer<typeof Source> | null): PublishedCell['source'] {
  const { paper, arxiv, repository, commit, file, folder } = { folder: undefined, ...(own ?? known.source) };
  return { paper, arxiv, repository, commit, file: file ?? folder ?? known.source.file, sha256: hash, verified };
}

function rankings(where: Where, content: z.infer<typeof RankedHeads>, cards: Cards): PublishedCell[] {
  const { known } = where;
  return content.lists.map(({ model, heads }) => {
    const card = cards.get(model.toLowerCase());
    for (const [layer, head] of heads) refuseOutside(where.path, model, card, layer, head);
    const named = heads.map(([layer, head, effect]) => ({ component: `a${layer}.h${head}`, effect }));
    const twice = named.find(({ component }, i) => named.findIndex((other) => other.component === component) !== i);
    if (twice) throw badFigures(where.path, `the list of ${model} names ${twice.component} twice`);
    return PublishedCell.parse({
      behaviour: known.behaviour,
      finding: known.finding,
      model,
      card: card?.model ?? null,
      source: sourceOf(where, content.source),
      figures: { kind: 'ranking', role: known.role, unit: content.unit, heads: named },
    });
  });
}

function matrices(where: Where, content: z.infer<typeof SenderMatrices>, cards: Cards): PublishedCell[] {
  const { known } = where;
  return content.matrices.map(({ model, receiver, layer, head, role, shape: [layers, heads], values }) => {
    const card = cards.get(model.toLowerCase());
    const name = receiver === 'resid_post' ? 'logits' : `a${layer}.h${head}`;
    if (receiver === 'value_input' && head === undefined)
      throw badFigures(where.path, `a matrix of ${model} into a value input names no head`);
    if (values.length !== layers || values.some((row) => row.length !== heads))
      throw badFigures(where.path, `the matrix of ${model} into ${name} is not ${layers} by ${heads}`);
    refuseOutside(where.path, model, card, layers - 1, heads - 1);
    return PublishedCell.parse({
      behaviour: known.behaviour,
      finding: known.finding,
      model,
      card: card?.model ?? null,
      source: sourceOf(where, content.source),
      figures: { kind: 'sender-matrix', receiver: name, role: role ?? null, values },
    });
  });
}

function accuracies(path: string, cards: Cards): PublishedCell[] {
  const text = readText(path);
  const { columns, rows } = readCsv(text, path);
  const lacking = COLUMNS.find((name) => !columns.includes(name));
  if (lacking !== undefined) throw badFigures(path, `it has no column "${lacking}"`);
  const where = at(path, 'accuracy', sha256(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')));
  const read = rows.map((row, i) => {
    const cell = (name: (typeof COLUMNS)[number]): string => row[columns.indexOf(name)] ?? '';
    const number = (name: (typeof COLUMNS)[number], share: boolean): number => {
      const value = Number(cell(name));
      const fits = share ? value >= 0 && value <= 1 : Number.isInteger(value);
      if (!fits)
        throw badFigures(path, `row ${i + 1}: "${cell(name)}" is no ${share ? 'share' : 'whole number'} for ${name}`);
      return value;
    };
    return {
      model: cell('model_name'),
      setting: cell('setting'),
      nmax: number('nmax', false),
      offset: number('offset', false),
      shots: number('n_icl_example', false),
      base: number('orig_acc', true),
      contrast: number('cf_acc', true),
    };
  });
  return [...new Set(read.map(({ model }) => model))].map((model) =>
    PublishedCell.parse({
      behaviour: where.known.behaviour,
      finding: null,
      model,
      card: cards.get(model.toLowerCase())?.model ?? null,
      source: sourceOf(where, null),
      figures: {
        kind: 'accuracy',
        rows: read.filter((row) => row.model === model).map(({ model: _, ...row }) => row),
      },
    }),
  );
}

function refuseOutside(path: string, model: string, card: ModelCard | undefined, layer: number, head: number): void {
  if (card === undefined || (layer < card.expect.layers && head < card.expect.heads)) return;
  const { layers, heads } = card.expect;
  throw badFigures(path, `it names a${layer}.h${head} of ${model}, which has ${layers} layers of ${heads} heads`);
}

const badFigures = (path: string, why: string): Refusal => badFile(path, why);
