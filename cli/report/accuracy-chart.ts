import type { Accuracies } from '../../src/evaluate.ts';
import type { ReportContents } from './contents.ts';
import { type Html, html } from './html.ts';

/** What was measured, each by its key, its name and how it is done. Where a class has few images, both k are the same. */
function protocols({ neighbours }: ReportContents['evaluation']): [keyof Accuracies, string, string][] {
  const nearest = (key: 'knnK20' | 'knnK200'): [keyof Accuracies, string, string] => {
    const k = neighbours[key];
    return [key, `Nearest neighbours, k = ${k}`, `the ${k} most similar labelled images vote`];
  };
  const linear: [keyof Accuracies, string, string] = [
    'linear',
    'Linear classifier',
    'a linear rule, trained on the vectors of the labelled images',
  ];
  return [linear, nearest('knnK20'), ...(neighbours.knnK200 > neighbours.knnK20 ? [nearest('knnK200')] : [])];
}

const SERIES = [
  ['trained', 'trained'],
  ['untrained', 'untrained'],
  ['pixels', 'raw pixels'],
] as const;

/** A share in per cent: 88.7 %. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Accuracy as bars, with a mark at what guessing would reach, and as a table. */
export function accuracyChart({ evaluation, classes }: ReportContents): Html {
  const of = { trained: evaluation, untrained: evaluation.untrained!, pixels: evaluation.pixels };
  const chance = 1 / classes;
  const measured = protocols(evaluation);
  const said = measured
    .map(([key, title]) => `${title}: ${SERIES.map(([id, name]) => `${name} ${percent(of[id][key])}`).join(', ')}.`)
    .join(' ');
  return html`<div class="chart" role="img" aria-label="Bar chart of accuracy. ${said} Guessing: ${percent(chance)}.">
    ${measured.map(
      ([key, title, how]) => html`<p class="group"><b>${title}</b> <span>${how}</span></p>
    ${SERIES.map(
      ([id, name]) => html`<div class="bar-row"><span>${name}</span>
      <svg class="bar" aria-hidden="true">${GRID}<rect class="${id}" y="4" height="18" rx="2" width="${(100 * of[id][key]).toFixed(2)}%"/>
        <line class="chance" x1="${(100 * chance).toFixed(2)}%" x2="${(100 * chance).toFixed(2)}%" y1="0" y2="100%"/></svg>
      <b>${percent(of[id][key])}</b></div>
    `,
    )}`,
    )}
    <div class="bar-row axis" aria-hidden="true"><span></span><div><i>0</i><i>25</i><i>50</i><i>75</i><i>100 %</i></div></div>
    <p class="key"><svg width="14" height="14" aria-hidden="true"><line class="chance" x1="7" x2="7" y1="0" y2="14"/></svg>
      guessing among ${classes} classes: ${percent(chance)}</p>
  </div>
  <details><summary>The same figures as a table</summary>
  <div class="wide"><table>
    <thead><tr><th scope="col">accuracy</th>${measured.map(([, title]) => html`<th scope="col">${title}</th>`)}</tr></thead>
    <tbody>${SERIES.map(
      ([id, name]) =>
        html`<tr><th scope="row">${name}</th>${measured.map(([key]) => html`<td>${of[id][key].toFixed(3)}</td>`)}</tr>`,
    )}
    <tr><th scope="row">guessing</th>${measured.map(() => html`<td>${chance.toFixed(3)}</td>`)}</tr></tbody>
  </table></div></details>`;
}

const GRID = html`${[0, 25, 50, 75, 100].map((x) => html`<line class="grid" x1="${x}%" x2="${x}%" y1="0" y2="100%"/>`)}`;
