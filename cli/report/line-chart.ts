import { type Html, html } from './html.ts';

export interface LineChart {
  readonly title: string;
  readonly note: Html | string;
  readonly points: readonly (readonly [step: number, value: number])[];
  /** Values that the axis must reach in addition to the points. */
  readonly reach?: readonly number[];
  /** A dashed line with its meaning, such as a maximum. */
  readonly mark?: { readonly value: number; readonly name: string };
}

/** Points drawn at most; nobody could see more. */
const MOST = 300;
/** Share of the points that a smoothed one averages over, to either side. */
const SMOOTHING = 0.02;

/** One curve over the steps of training: faint as measured, and strong when smoothed. */
export function lineChart({ title, note, points, reach = [], mark }: LineChart): Html {
  const measured = points.filter(([, value]) => Number.isFinite(value));
  if (measured.length === 0) return html`<figure><figcaption><b>${title}</b></figcaption><p>not reported</p></figure>`;
  const drawn = thinned(measured);
  const values = measured.map(([, value]) => value);
  const ticks = niceTicks(Math.min(...values, ...reach), Math.max(...values, ...reach));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const [first, last] = [measured[0][0], measured[measured.length - 1][0]];
  const down = (value: number) => (100 * (high - value)) / (high - low);
  const path = (list: typeof drawn) =>
    `M${list.map(([x, v]) => `${((100 * (x - first)) / (last - first || 1)).toFixed(2)} ${down(v).toFixed(2)}`).join('L')}`;
  const digits = Math.max(0, -Math.floor(Math.log10(ticks[1] - ticks[0])));
  const [from, to] = [values[0], values[values.length - 1]].map((v) => figure(v, digits + 1));
  const rule = (y: number, name: string) =>
    html`<line class="${name}" x1="0" x2="100" y1="${y.toFixed(2)}" y2="${y.toFixed(2)}"/>`;
  return html`<figure class="curve">
    <figcaption><b>${title}</b> <span>${from} → ${to}</span></figcaption>
    <div class="plot">
      <div class="y" aria-hidden="true">${ticks.map((tick) => html`<i style="top:${down(tick).toFixed(2)}%">${figure(tick, digits)}</i>`)}</div>
      <div class="area">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="${title} over ${last} steps: from ${from} to ${to}, lowest ${figure(Math.min(...values), digits + 1)}, highest ${figure(Math.max(...values), digits + 1)}.">
          ${ticks.map((tick) => rule(down(tick), 'grid'))}${mark && rule(down(mark.value), 'mark')}
          <path class="raw" d="${path(drawn)}"/><path class="smooth" d="${path(smoothed(drawn))}"/>
        </svg>
        ${mark && html`<em style="top:${down(mark.value).toFixed(2)}%">${mark.name}</em>`}
      </div>
      <div class="x" aria-hidden="true"><i>step ${first}</i><i>${last}</i></div>
    </div>
    <p>${note}</p>
  </figure>`;
}

/** With a minus sign, not a hyphen, and no −0. */
const figure = (value: number, digits: number): string =>
  (Number(value.toFixed(digits)) || 0).toFixed(digits).replace('-', '−');

/** At most MOST points: the first one, then means of runs of neighbours. */
function thinned(points: LineChart['points']): [number, number][] {
  const run = Math.ceil(points.length / MOST);
  const out: [number, number][] = [[...points[0]]];
  for (let i = 1; i < points.length; i += run) {
    const part = points.slice(i, i + run);
    out.push([part[part.length - 1][0], part.reduce((sum, [, value]) => sum + value, 0) / part.length]);
  }
  return out;
}

function smoothed(points: readonly (readonly [number, number])[]): [number, number][] {
  const reach = Math.round(points.length * SMOOTHING);
  return points.map(([x], i) => {
    // The same reach on both sides, so that the ends are not pulled inwards.
    const side = Math.min(reach, i, points.length - 1 - i);
    const part = points.slice(i - side, i + side + 1);
    return [x, part.reduce((sum, [, value]) => sum + value, 0) / part.length];
  });
}

/** Three to six round numbers, from below `low` to above `high`. */
export function niceTicks(low: number, high: number): number[] {
  const range = high - low || Math.abs(high) || 1;
  const rough = range / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}
