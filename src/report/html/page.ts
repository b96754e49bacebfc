/** A page that needs nothing from elsewhere and may run nothing: one policy and one head for all that we write. */
import { el, type Markup, raw } from '../svg/element.ts';
import { pageStyle } from './style.ts';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** Returns the file; `style` is added to that of all pages. */
export function page(title: string, main: Markup, style = ''): string {
  const head = el(
    'head',
    {},
    el('meta', { charset: 'utf-8' }),
    el('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    el('meta', { name: 'referrer', content: 'no-referrer' }),
    el('title', {}, `${title} – recircuit`),
    el('style', {}, raw(`${pageStyle}${style}`)),
  );
  return `<!doctype html>\n${el('html', { lang: 'en' }, head, el('body', {}, main)).markup}\n`;
}
