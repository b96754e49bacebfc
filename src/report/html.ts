/**
 * The report of a run as one HTML file: no script, no request, readable in light, dark and print. It draws the view model and
 * nothing else; each number names the act, and where there is one the artifact, that it came from.
 */
import { deviationLine } from '../contract/index.ts';
import { criteriaTable } from './html/criteria.ts';
import { agreements, figures } from './html/figures.ts';
import { page } from './html/page.ts';
import { headRow, section } from './html/parts.ts';
import { receipts, trajectory } from './html/trail.ts';
import { duration, number, short } from './numbers.ts';
import { el, type Markup } from './svg/element.ts';
import type { RunView } from './view/index.ts';
import { outcomeOf } from './words.ts';

/** Returns the whole page. Contract: pure; the same view gives the same bytes. */
export function reportHtml(view: RunView): string {
  const title = `${view.run.finding} on ${view.run.model}`;
  const main = el(
    'main',
    {},
    heading(view, title),
    claim(view),
    criteriaTable(view),
    figures(view),
    agreements(view),
    model(view),
    plan(view),
    trajectory(view),
    receipts(view),
    footer(view),
  );
  return page(title, main);
}

function heading(view: RunView, title: string): Markup {
  const { word, because, tone } = outcomeOf(view);
  return el(
    'header',
    {},
    el('p', { class: 'eyebrow' }, `recircuit · run ${view.run.run}`),
    el('h1', {}, title),
    el('p', { class: 'soft' }, view.finding.says),
    el('div', { class: `verdict t-${tone}` }, el('strong', {}, word), el('span', {}, because)),
    facts([
      ['Source', `${view.finding.source} (arXiv ${view.finding.arxiv})`],
      ['Known on', view.finding.known_on.join(', ')],
      ['Behaviour', view.finding.behaviour],
      ['Planner, seed', `${view.run.planner}, ${view.run.seed}`],
      ['Opened', instant(view.run.opened_at)],
      ['Took', view.seconds === null ? 'not ended' : duration(view.seconds)],
      ...(view.budget === '' ? [] : [['Budget, spent', view.budget] as const]),
      ['Protocol sha256', short(view.run.protocol_sha256)],
      ['Record', `${view.run.steps} steps, head ${short(view.run.head)}`],
    ]),
  );
}

function facts(rows: readonly (readonly [string, string])[]): Markup {
  return el(
    'dl',
    { class: 'facts' },
    rows.map(([name, value]) =>
      el('div', { class: value.length > 70 && 'wide' }, el('dt', {}, name), el('dd', {}, value)),
    ),
  );
}

function instant(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');
}

function claim({ claim: claimed, remarks }: Pick<RunView, 'claim' | 'remarks'>): Markup {
  if (claimed === null) return section('The claim', el('p', { class: 'soft' }, 'No claim was handed in.'));
  return section(
    'The claim',
    claimed.roles.map(({ role, about, components }) => [
      el('h3', {}, `${role} (${components.length})`),
      el('p', { class: 'soft small' }, about),
      el(
        'ul',
        { class: 'chips' },
        components.map((item) =>
          el('li', {}, el('b', {}, item.component), item.effect !== null && el('span', {}, number(item.effect))),
        ),
      ),
    ]),
    claimed.settings.length > 0 &&
      el(
        'p',
        { class: 'small' },
        'Settings: ',
        claimed.settings.map((item) => `${item.name} = ${item.value}`).join(', '),
      ),
    claimed.statement !== '' && el('blockquote', {}, claimed.statement),
    remarks.map(({ rule, says, acts }) =>
      el('p', { class: 'small' }, `Reviewer, ${rule}: ${says} `, el('span', { class: 'origin' }, acts.join(', '))),
    ),
    el(
      'p',
      { class: 'origin' },
      `${claimed.act} · sealed as ${short(claimed.sha256)} before the verification · cites ${claimed.cites.map(({ shows, acts }) => `${acts.join(', ')} for ${shows}`).join('; ')}`,
    ),
  );
}

function model({ facts: found }: RunView): Markup | null {
  if (found === null) return null;
  const test = found.self_test;
  return section(
    'The model',
    facts([
      ['Architecture', found.architecture],
      [
        'Shape',
        `${found.layers} layers × ${found.heads} heads (${found.kv_heads} key-value), head width ${found.head_dim}, model width ${found.d_model}`,
      ],
      ['Parameters', found.parameters.toLocaleString('en-US')],
      ['Vocabulary', `${found.vocabulary.toLocaleString('en-US')} tokens`],
      ['Run as', `${found.dtype} on ${found.device}, ${found.attention} attention`],
      ['Soft caps', `attention ${found.attention_soft_cap ?? 'none'}, logits ${found.logit_soft_cap ?? 'none'}`],
      ['Sliding window', found.sliding_window === null ? 'none' : `${found.sliding_window} tokens`],
      ['Weights sha256', short(found.weights_sha256)],
      [
        'Causal self-test at load',
        `${test.zeroed_heads_that_changed_logits} of ${test.heads_tested} zeroed heads changed the logits; own value moved them by at most ${number(test.identity_max_change)} (allowed ${number(test.tolerance)})`,
      ],
    ]),
  );
}

function plan({ plan: planned, deviations }: RunView): Markup | null {
  if (planned === null) return null;
  const rows = planned.items.map((item) =>
    el(
      'tr',
      {},
      el('td', {}, el('code', {}, item.name)),
      el('td', {}, el('code', {}, item.tool)),
      el('td', {}, item.serves.join(', ')),
    ),
  );
  return section(
    'The plan, sealed before the search',
    el('p', {}, planned.intent),
    el(
      'div',
      { class: 'scroll' },
      el('table', {}, headRow(['experiment', 'tool', 'serves criteria']), el('tbody', {}, rows)),
    ),
    el('p', { class: 'origin' }, planned.act),
    el('h3', {}, 'Where the search left the plan'),
    deviations.length === 0
      ? el('p', { class: 'soft' }, 'Nowhere.')
      : el(
          'ul',
          {},
          deviations.map((one) =>
            el('li', {}, deviationLine(one), ' ', el('span', { class: 'origin' }, one.act ?? '')),
          ),
        ),
  );
}

function footer({ run }: RunView): Markup {
  return el(
    'footer',
    {},
    el(
      'p',
      {},
      'Every step of this run is chained by hash, every tensor is named by its own. To check both: ',
      el('code', {}, `npx recircuit runs verify ${run.run}`),
    ),
    el('p', {}, 'To read the steps: ', el('code', {}, `npx recircuit runs show ${run.run} --full`)),
  );
}
