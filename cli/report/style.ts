import { Html } from './html.ts';

/** The page's style sheet: light and dark, wide and narrow. */
export const STYLE = new Html(`
:root { color-scheme: light dark; --paper: #fff; --card: #f5f6f8; --line: #dfe3e8; --ink: #1a1e24; --soft: #59636f;
  --trained: #2563c9; --untrained: #7d8896; --pixels: #a8b2be; --right: #14754a; --wrong: #b23c1e; --mark: #b0541a; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --card: #1d2128; --line: #343b45; --ink: #e9ecf0;
  --soft: #a0aab6; --trained: #7ba8fa; --untrained: #8a95a3; --pixels: #626d7b; --right: #52c793; --wrong: #f58e6c;
  --mark: #e59a5c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
h1 { font-size: clamp(1.8rem, 5vw, 2.7rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0.3rem 0 1rem; text-wrap: balance; }
h2 { font-size: 1.45rem; letter-spacing: -0.01em; margin: 0 0 0.4rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 0.5rem; }
h4 { font-size: 0.8rem; font-weight: 600; color: var(--soft); margin: 0; }
section { margin-top: 3.2rem; border-top: 1px solid var(--line); padding-top: 1.6rem; }
.over { color: var(--soft); font-size: 0.85rem; margin: 0; overflow-wrap: anywhere; }
.lead { font-size: 1.1rem; max-width: 46rem; }
.intro { max-width: 46rem; color: var(--soft); margin: 0 0 1.4rem; }
.intro b { color: var(--ink); }
.small { font-size: 0.85rem; color: var(--soft); max-width: 46rem; }
figure { margin: 0; background: var(--card); border-radius: 10px; padding: 0.9rem; min-width: 0; }
figcaption { overflow-wrap: anywhere; }
i, em { font-style: normal; }
img { display: block; image-rendering: pixelated; object-fit: contain; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 0.8rem; margin: 1.8rem 0 0; }
.tiles div { background: var(--card); border-radius: 10px; padding: 0.9rem 1rem; }
.tiles dd { margin: 0; font-size: 1.6rem; font-weight: 650; letter-spacing: -0.01em; }
.tiles dt { font-size: 0.85rem; line-height: 1.35; color: var(--soft); }

.chart { background: var(--card); border-radius: 10px; padding: 0.4rem 1rem 1rem; }
.group { margin: 1rem 0 0.3rem; line-height: 1.3; }
.group span { color: var(--soft); font-size: 0.85rem; }
.bar-row { display: grid; grid-template-columns: 5.2rem minmax(0, 1fr) 3.8rem; gap: 0.6rem; align-items: center; font-size: 0.9rem; }
.bar-row > span { color: var(--soft); text-align: right; }
.bar-row > b { font-variant-numeric: tabular-nums; font-weight: 600; }
.bar { display: block; width: 100%; height: 26px; overflow: visible; }
.axis > div { display: flex; justify-content: space-between; margin: 0 -1em; }
.axis i { font-size: 0.75rem; color: var(--soft); width: 3em; text-align: center; white-space: nowrap; }
.axis i:first-child { text-align: left; padding-left: 0.6em; }
.key { display: flex; align-items: center; gap: 0.4rem; margin: 0.7rem 0 0; font-size: 0.85rem; color: var(--soft); }
.trained { fill: var(--trained); } .untrained { fill: var(--untrained); } .pixels { fill: var(--pixels); }
.grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.chance { stroke: var(--mark); stroke-width: 2; stroke-dasharray: 4 3; }
details { margin-top: 0.8rem; } summary { cursor: pointer; color: var(--soft); font-size: 0.9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 0.6rem; font-size: 0.9rem; }
th, td { text-align: left; padding: 0.35rem 1.2rem 0.35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; } td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.setup th { white-space: nowrap; color: var(--soft); font-weight: 500; }
pre { background: var(--card); border-radius: 10px; padding: 0.9rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.85rem; line-height: 1.5; }

.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
.curve figcaption { display: flex; justify-content: space-between; gap: 1rem; }
.curve figcaption span { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; font-size: 0.9rem; }
.curve p { font-size: 0.85rem; line-height: 1.45; color: var(--soft); margin: 0.5rem 0 0; }
.plot { display: grid; grid-template-columns: auto minmax(0, 1fr); margin-top: 0.9rem; font-size: 0.75rem; color: var(--soft); }
.y { position: relative; width: 2.9rem; } .y i { position: absolute; right: 0.5rem; transform: translateY(-50%); }
.area { position: relative; height: 9.5rem; } .area svg { display: block; width: 100%; height: 100%; overflow: visible; }
.area em { position: absolute; right: 0.2rem; transform: translateY(-105%); color: var(--mark); }
.x { grid-column: 2; display: flex; justify-content: space-between; margin-top: 0.4rem; }
.curve path { fill: none; stroke: var(--trained); vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.raw { stroke-width: 1; opacity: 0.35; } .smooth { stroke-width: 2; }
.mark { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }

.sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1rem; }
.sheet figure { display: grid; grid-template-columns: 1fr 2fr; gap: 0.4rem 0.8rem; align-items: start; }
.sheet figcaption { grid-column: 1 / -1; font-size: 0.85rem; color: var(--soft); }
.whole { position: relative; } .whole img { width: 100%; height: auto; }
.whole svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.whole rect { fill: none; stroke: #fff; stroke-opacity: 0.75; stroke-width: 1; vector-effect: non-scaling-stroke; }
.views { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.3rem; }
.views img { width: 100%; height: auto; }

td.verdict { white-space: nowrap; overflow-wrap: normal; }
.plate { margin-top: 1rem; } .plate svg { display: block; width: 100%; height: auto; }
.patches div { display: flex; gap: 0.3rem; margin-top: 0.3rem; } .patches img { width: 2.6rem; height: 2.6rem; } .patches img:first-child { margin-right: 0.8rem; }


.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: 1rem; align-items: end; }
.gallery figure { margin: 0; }
.gallery img { max-width: 100%; height: auto; display: block; }
.gallery figcaption { font-size: 0.85rem; color: var(--soft); overflow-wrap: anywhere; }

.queries { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr)); gap: 1rem; }
.queries figure { display: grid; grid-template-columns: 5.5rem minmax(0, 1fr); gap: 1rem; }
.query img { width: 100%; height: auto; } .query figcaption { font-weight: 600; font-size: 0.9rem; margin-top: 0.3rem; }
.found ol { list-style: none; display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.35rem; margin: 0.2rem 0 0.6rem; padding: 0; }
.found ol:last-child { margin-bottom: 0; }
.found img { width: 100%; aspect-ratio: 1; height: auto; }
.found span { display: block; border-top: 3px solid; padding-top: 0.1rem; font-size: 0.68rem; line-height: 1.3; color: var(--soft); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.found .right span { border-color: var(--right); } .right b { color: var(--right); }
.found .wrong span { border-color: var(--wrong); } .wrong b { color: var(--wrong); }
@media (max-width: 30rem) {
  .group span { display: block; }
  .bar-row { grid-template-columns: 4.6rem minmax(0, 1fr) 3.5rem; gap: 0.4rem; font-size: 0.8rem; }
  .queries figure { grid-template-columns: 1fr; }
  .tiles dd { font-size: 1.3rem; }
  .found b { display: block; }
  .query { display: flex; align-items: center; gap: 0.8rem; } .query img { width: 4rem; }
  .setup th { white-space: normal; padding-right: 0.8rem; }
}
@media print { figure, .chart, .tiles div { break-inside: avoid; } }
footer { margin-top: 3.2rem; padding-bottom: 3rem; font-size: 0.85rem; color: var(--soft); }
footer p { max-width: 46rem; } footer b { color: var(--ink); }
`);
