/** The style sheet of the report. No script, no font file, no network: the page must read the same in ten years. */
import { colours, figureStyle } from '../svg/style.ts';

export const pageStyle = `${colours}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--surface);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:40px 24px 72px}
h1{font-size:30px;line-height:1.2;margin:0 0 6px;letter-spacing:-.015em;text-wrap:balance}
h2{font-size:19px;margin:52px 0 12px;letter-spacing:-.005em}
h3{font-size:15px;margin:26px 0 8px}
p{margin:0 0 10px;max-width:74ch}
a{color:var(--accent)}
.soft{color:var(--soft)}
.small{font-size:13px}
.eyebrow{font-size:13px;color:var(--soft);margin:0 0 10px}
code,.mono{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
.verdict{display:flex;gap:14px;align-items:baseline;flex-wrap:wrap;margin:22px 0 6px;padding:16px 20px;border-radius:10px;background:var(--panel);border-left:5px solid var(--tone)}
.verdict strong{font-size:22px;color:var(--tone);letter-spacing:-.01em}
.t-pass{--tone:var(--pass)}.t-fail{--tone:var(--fail)}.t-warn{--tone:var(--warn)}.t-none{--tone:var(--soft)}
.word{color:var(--tone);font-weight:600;white-space:nowrap}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:14px 24px;margin:22px 0 0}
dl.facts div{min-width:0}dl.facts .wide{grid-column:span 2}
dt{font-size:12.5px;color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;margin:0 0 8px}
table{border-collapse:collapse;width:100%;font-size:14px}
th{font-weight:600;text-align:left;color:var(--soft);font-size:12.5px;padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);vertical-align:bottom;white-space:nowrap}
td{padding:9px 14px 9px 0;border-bottom:1px solid var(--rule);vertical-align:top}
td.n,th.n{text-align:right;white-space:nowrap}
table.criteria td:nth-child(2){min-width:300px;width:42%}table.criteria td:nth-child(5),table.criteria td:nth-child(6){min-width:130px}
td.n .reason{white-space:normal;width:112px;margin-left:auto}
td:last-child,th:last-child{padding-right:0}
tr.group td{padding:18px 0 6px;font-weight:600;border-bottom:1px solid var(--rule)}
.reason{color:var(--soft);font-size:13px;margin-top:2px}
p.origin{max-width:none}
.origin{font:11.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;color:var(--soft);overflow-wrap:anywhere}
.chips{display:flex;flex-wrap:wrap;gap:8px;margin:8px 0 12px;padding:0;list-style:none}
.chips li{border:1px solid var(--rule);border-radius:7px;padding:5px 11px;background:var(--panel)}
.chips b{font:600 14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.chips span{color:var(--soft);font-size:13px;margin-left:8px}
figure{margin:18px 0 30px}
figure .scroll{max-width:100%;padding-bottom:4px}
.maps{display:flex;flex-wrap:wrap;gap:0 40px}.maps figure{max-width:100%;margin:6px 0 22px}
figcaption,.maps h3{width:0;min-width:100%}
figcaption{font-size:13px;color:var(--soft);margin-top:4px}
figcaption b{color:var(--ink);font-weight:600}
blockquote{margin:10px 0 14px;padding-left:14px;border-left:3px solid var(--rule);color:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere;max-width:74ch}
details{border-bottom:1px solid var(--rule);padding:9px 0}
summary{cursor:pointer;font-size:14px}
summary .origin{margin-left:8px}
pre{background:var(--panel);border-radius:8px;padding:14px 16px;overflow:auto;max-height:420px;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
footer{margin-top:60px;padding-top:16px;border-top:1px solid var(--rule);font-size:13px;color:var(--soft)}
@media(max-width:760px){.scroll>.figure{max-width:none}}
@media(max-width:640px){dl.facts .wide{grid-column:auto}main{padding:26px 16px 48px}h1{font-size:25px}}
@media print{main{max-width:none;padding:0}details{break-inside:avoid}figure{break-inside:avoid}}
${figureStyle}`;
