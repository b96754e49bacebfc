/** What the report offers: the view model of a run, and the faces that draw it. */
export { type TurnCost, tokensRead, totalCost, turnCosts } from './cost.ts';
export { safe } from './escape.ts';
export { gridHtml } from './grid/html.ts';
export { gridSvg } from './grid/svg.ts';
export { behindLines, gridLines } from './grid/terminal.ts';
export { gridCsv, gridMarkdown } from './grid/text.ts';
export { type Drawn, publishedInWords, sourceInWords } from './grid/words.ts';
export { reportHtml } from './html.ts';
export { loadHeatMap, loadView } from './load.ts';
export { duration, number, short } from './numbers.ts';
export { heatMapPng } from './png/heat-map.ts';
export { type CurvePoint, trainingSvg } from './svg/training.ts';
export { bar, plot, sparkline } from './terminal/bars.ts';
export { makePaint, type Paint, paintFor } from './terminal/paint.ts';
export { cut, padEnd, padStart, table, widthOf, wrapped } from './terminal/table.ts';
export { resultPage } from './terminal.ts';
export { type RunView, type StepLine, stepLine, viewOf } from './view/index.ts';
export { type Tone, toneOfVerdict } from './words.ts';
