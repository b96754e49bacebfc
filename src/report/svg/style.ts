/** Colours and type of the figures, for light and dark. Inside a page they are the page's; a figure alone carries them along. */
import { el, type Markup, raw } from './element.ts';

/** Blue and red-orange stay apart for colour-blind readers; zero is the surface itself. */
const LIGHT = `--ink:#1c2024;--soft:#5d666f;--faint:#8a939c;--rule:#dfe3e7;--surface:#ffffff;--panel:#f6f7f9;--positive:#c2410c;--negative:#1d5fa8;
--accent:#1d5fa8;--control:#8a939c;--other:#7a4fa3;--pass:#18794e;--fail:#c62a2f;--warn:#8f5a00;--on:#ffffff`;
const DARK = `--ink:#e8eaed;--soft:#a5adb5;--faint:#7b848d;--rule:#31363c;--surface:#15181b;--panel:#1c2024;--positive:#ff8a4c;--negative:#62a8f5;
--accent:#6db0f7;--control:#8a939c;--other:#c19aec;--pass:#4cc38a;--fail:#ff7b7f;--warn:#f0b354;--on:#15181b`;

export const colours = `:root{color-scheme:light dark;${LIGHT}}@media (prefers-color-scheme:dark){:root{${DARK}}}
@media print{:root{${LIGHT}}}`;

export const figureStyle = `
.figure{font:12px ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;max-width:100%;height:auto}
.figure text{fill:var(--soft);font-variant-numeric:tabular-nums}
.figure .ink{fill:var(--ink)}
.figure .on{fill:var(--on);font-weight:600}
.figure .name{font-weight:600;fill:var(--ink)}
.figure .grid{stroke:var(--rule);stroke-width:1}
.figure .axis{stroke:var(--faint);stroke-width:1}
.figure .cell{stroke:var(--rule);stroke-width:.5;fill:var(--surface)}
.figure .positive{fill:var(--positive)}.figure .negative{fill:var(--negative)}
.figure .claimed{fill:none;stroke:var(--ink);stroke-width:2}
.figure .line{fill:none;stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}
.figure .s-claimed{stroke:var(--positive)}.figure .f-claimed{fill:var(--positive)}
.figure .s-alternative{stroke:var(--accent)}.figure .f-alternative{fill:var(--accent)}
.figure .s-other-task{stroke:var(--other)}.figure .f-other-task{fill:var(--other)}
.figure .s-control{stroke:var(--control)}.figure .f-control{fill:var(--control)}
.figure .line.s-control{stroke-width:1;opacity:.55}
.figure .band{fill:var(--control);opacity:.14}
.figure .baseline{stroke:var(--soft);stroke-width:1.25;stroke-dasharray:4 4}
.figure .threshold{stroke:var(--ink);stroke-width:1.5}
.figure .word{font-weight:600}
.figure text.f-pass{fill:var(--pass)}.figure text.f-fail{fill:var(--fail)}.figure text.f-unmeasured{fill:var(--soft)}
.figure .s-repeated{stroke:var(--pass)}
.figure .f-pass{fill:var(--pass)}.figure .f-fail{fill:var(--fail)}.figure .f-unmeasured{fill:var(--faint)}
.figure .region{fill:var(--pass);opacity:.11}`;

/** Returns the style element that a figure needs when it stands alone in a file. */
export function aloneStyle(): Markup {
  const surface = '.figure{background:var(--surface)}';
  return el('style', {}, raw(`${colours.replaceAll(':root', 'svg')}${figureStyle}${surface}`));
}
