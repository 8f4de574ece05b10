import type { ImageSet } from '../../src/data.ts';
import type { RetrievalRow, RetrievedQuery } from '../../src/evaluate.ts';
import type { SearchTable } from '../search-table.ts';
import { document, section } from './document.ts';
import { type Html, html } from './html.ts';
import { className } from './in-turn.ts';
import { bitmap, thumbnail } from './rgb.ts';

const SHOWN = 8;
const NEAREST = 6;
const SIDE = 96;

/** A page of what retrieval found: the table, and the queries that the last encoder answers best and worst, as pictures. */
export async function searchPage(
  rows: readonly RetrievalRow[],
  table: SearchTable,
  images: ImageSet,
  queries: ImageSet,
): Promise<string> {
  const { name, plain } = rows.at(-1)!;
  const order = [...(plain.retrieval?.each ?? [])].sort((a, b) => b.averagePrecision - a.averagePrecision);
  const half = Math.min(SHOWN, Math.ceil(order.length / 2));
  const cards = (some: readonly RetrievedQuery[]) => Promise.all(some.map((one) => card(one, images, queries)));
  return document(
    'bagssl: retrieval',
    html`<header><h1>What is found in ${images.name}</h1></header>
<section><h2>How well each kind of vector finds images of one class</h2><p class="intro">${table.about}.</p>
<div class="wide"><table>
  <thead><tr>${table.head.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
  <tbody>${table.lines.map(([left, ...cells]) => html`<tr><th scope="row">${left}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>${table.notes.map((note) => html`<p class="small">${note}</p>`)}</section>
${section('Best answers', introduction(name, 'highest'), html`<div class="queries">${await cards(order.slice(0, half))}</div>`)}
${section('Worst answers', introduction(name, 'lowest'), html`<div class="queries">${await cards(order.slice(half).slice(-half).reverse())}</div>`)}`,
    html`<p><b>This page contains pixels of the images</b> and their class names: share it only where you may share them. It needs neither a
      network nor other files. Made by bagssl.</p>`,
  );
}

const introduction = (name: string, which: string): Html =>
  html`The queries with the ${which} average precision by the vectors of “${name}”, each with its ${NEAREST} nearest images. A neighbour is
    right (✓) when its class is the query’s.`;

async function card({ query, averagePrecision, nearest }: RetrievedQuery, images: ImageSet, queries: ImageSet) {
  const label = className(queries, query);
  const found = nearest.slice(0, NEAREST).map(async (row) => {
    const verdict = images.labels![row] === queries.labels![query] ? 'right' : 'wrong';
    const name = className(images, row);
    return html`<li class="${verdict}">${await picture(images, row, `${name}, ${verdict}`)}
      <span aria-hidden="true"><b>${verdict === 'right' ? '✓' : '✗'}</b> ${name}</span></li>`;
  });
  return html`<figure>
    <div class="query">${await picture(queries, query, `query, ${label}`)}<figcaption>${label}<br>average precision ${averagePrecision.toFixed(3)}</figcaption></div>
    <div class="found"><ol>${await Promise.all(found)}</ol></div>
  </figure>`;
}

async function picture(images: ImageSet, index: number, alt: string): Promise<Html> {
  const image = thumbnail(await images.image(index), SIDE);
  return html`<img src="${bitmap(image)}" width="${image.width}" height="${image.height}" alt="${alt}">`;
}
