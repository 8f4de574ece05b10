import { type Html, html } from './html.ts';
import { niceTicks } from './line-chart.ts';

export interface Series {
  readonly name: string;
  /** `spread` is drawn as a bar that reaches that far to both sides. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly spread?: number }[];
  readonly dashed?: boolean;
  /** Points without a line between them. */
  readonly dots?: boolean;
}

export interface Plot {
  readonly title: string;
  /** With `log`, distances are ratios, and `ticks` gives places with their labels. */
  readonly x: {
    readonly name: string;
    readonly log?: boolean;
    readonly ticks?: readonly (readonly [number, string])[];
  };
  readonly y: { readonly name: string; readonly percent?: boolean; readonly reach?: readonly number[] };
  readonly series: readonly Series[];
  /** Horizontal lines at values to compare with, each in its own colour. */
  readonly rules?: readonly { readonly value: number; readonly name: string }[];
}

const WIDTH = 760;
const HEIGHT = 400;
const LEFT = 62;
const RIGHT = 540;
const TOP = 34;
const BOTTOM = 340;
/** Colours that colour-blind readers can distinguish (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'];

/** Curves over one axis, as a self-contained SVG drawing for a page or a file. */
export function plot({ title, x, y, series, rules = [] }: Plot): Html {
  const points = series.flatMap((one) => one.points);
  if (points.length === 0) return html`<p>${title}: nothing was measured.</p>`;
  const values = [
    ...points.flatMap(({ y: value, spread = 0 }) => [value - spread, value + spread]),
    ...rules.map(({ value }) => value),
    ...(y.reach ?? []),
  ];
  const ticks = niceTicks(Math.min(...values), Math.max(...values));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const down = (value: number) => round(BOTTOM - ((value - low) / (high - low)) * (BOTTOM - TOP));
  const across = x.log ? Math.log : (value: number) => value;
  const places = points.map((point) => across(point.x));
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const right = (value: number) =>
    round(LEFT + 12 + ((across(value) - first) / (last - first || 1)) * (RIGHT - LEFT - 24));
  const digits = Math.max(0, -Math.floor(Math.log10(ticks[1] - ticks[0]) + 1e-9));
  const label = (value: number) => (y.percent ? String(Math.round(value * 1000) / 10) : value.toFixed(digits));
  const xs: readonly (readonly [number, string])[] =
    x.ticks ??
    niceTicks(Math.min(...points.map((p) => p.x)), Math.max(...points.map((p) => p.x)))
      .filter((tick) => tick >= Math.min(...points.map((p) => p.x)) && tick <= Math.max(...points.map((p) => p.x)))
      .map((tick): [number, string] => [tick, String(round(tick))]);
  const colour = (i: number) => COLOURS[i % COLOURS.length];
  const said = series
    .map(
      ({ name, points: own }) =>
        `${name}: ${own
          .slice(0, 12)
          .map((p) => `${label(p.y)} at ${round(p.x)}`)
          .join(', ')}.`,
    )
    .join(' ');
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="bagssl-plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}. ${said}">
<style>.bagssl-plot text{font:12px system-ui,sans-serif;fill:#59636f}.bagssl-plot .head{font-size:14px;font-weight:600}.bagssl-plot .grid{stroke:#8a95a3;stroke-opacity:.3}
.bagssl-plot path{fill:none;stroke-width:2}.bagssl-plot .middle{text-anchor:middle}.bagssl-plot .end{text-anchor:end}
@media (prefers-color-scheme:dark){.bagssl-plot text{fill:#a0aab6}}</style>
<text class="head" x="${LEFT}" y="18">${title}</text>
${ticks.map(
  (tick) =>
    html`<line class="grid" x1="${LEFT}" x2="${RIGHT}" y1="${down(tick)}" y2="${down(tick)}"/><text class="end" x="${LEFT - 8}" y="${down(tick) + 4}">${label(tick)}</text>`,
)}
${xs.map(([value, text]) => html`<text class="middle" x="${right(value)}" y="${BOTTOM + 20}">${text}</text>`)}
<text class="middle" x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 44}">${x.name}</text>
<text class="middle" transform="translate(16 ${(TOP + BOTTOM) / 2}) rotate(-90)">${y.name}</text>
${rules.map(
  ({ value }, i) =>
    html`<path stroke="${colour(series.length + i)}" stroke-dasharray="2 4" d="M${LEFT} ${down(value)}H${RIGHT}"/>`,
)}
${series.map(
  ({ points: own, dashed, dots }, i) =>
    html`<g stroke="${colour(i)}" fill="${colour(i)}">${
      !dots &&
      html`<path${dashed && html` stroke-dasharray="7 4"`} d="M${own.map((p) => `${right(p.x)} ${down(p.y)}`).join('L')}"/>`
    }${own.map(({ x: at, y: value, spread }) => [
      spread !== undefined &&
        spread > 0 &&
        html`<line x1="${right(at)}" x2="${right(at)}" y1="${down(value - spread)}" y2="${down(value + spread)}"/>`,
      html`<circle cx="${right(at)}" cy="${down(value)}" r="${dots ? 2.5 : 3}" stroke="none"/>`,
    ])}</g>`,
)}
${[
  ...series.map((one) => ({ ...one, dash: one.dashed ? '7 4' : '' })),
  ...rules.map((rule) => ({ ...rule, dash: '2 4', dots: false })),
].map(
  ({ name, dash, dots }, i) =>
    html`<g transform="translate(${RIGHT + 14} ${TOP + 8 + 22 * i})">${
      dots
        ? html`<circle cx="11" cy="0" r="3" fill="${colour(i)}"/>`
        : html`<path stroke="${colour(i)}" stroke-dasharray="${dash}" d="M0 0H22"/>`
    }<text x="28" y="4">${name}</text></g>`,
)}
</svg>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;
