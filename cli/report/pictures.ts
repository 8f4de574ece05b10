import type { ReportContents } from './contents.ts';
import { type Html, html } from './html.ts';
import type { Neighbour, Query } from './neighbours.ts';
import type { SheetRow } from './patch-sheet.ts';
import type { Rgb } from './rgb.ts';
import { bitmap } from './rgb.ts';

/** Images beside their patches as the encoder saw them, with the place where each was cut. */
export function patchSection({ sheet }: ReportContents): Html {
  return html`<div class="sheet">${sheet.map(sheetRow)}</div>`;
}

function sheetRow({ name, image, width, height, views }: SheetRow): Html {
  return html`<figure>
    <div class="whole">${picture(image, `training image${name && `, ${name}`}`)}
      <svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${views.map(
        ({ parameters: { x, y, width: w, height: h } }) => html`<rect x="${x}" y="${y}" width="${w}" height="${h}"/>`,
      )}</svg></div>
    <div class="views">${views.map(({ patch, parameters: { flip, greyscale } }, i) =>
      picture(patch, ['patch', i + 1, flip && 'mirrored', greyscale && 'grey'].filter(Boolean).join(' ')),
    )}</div>
    ${name && html`<figcaption>${name}</figcaption>`}
  </figure>`;
}

/** How many of the neighbours shown have their query's class, and how many are shown. */
export function rightShare({ neighbours: { queries } }: ReportContents, by: 'learnt' | 'pixels'): [number, number] {
  const all = queries.flatMap((query) => query[by]);
  return [all.filter(({ right }) => right).length, all.length];
}

/** Test images with their nearest training images, by learnt vectors and by raw pixels. */
export function neighbourSection({ neighbours: { queries } }: ReportContents): Html {
  return html`<div class="queries">${queries.map(queryCard)}</div>`;
}

function queryCard({ name, image, learnt, pixels }: Query): Html {
  return html`<figure>
    <div class="query">${picture(image, `test image, ${name}`)}<figcaption>${name}</figcaption></div>
    <div class="found"><h4>by learnt vectors</h4><ol>${learnt.map(neighbour)}</ol>
    <h4>by raw pixels</h4><ol>${pixels.map(neighbour)}</ol></div>
  </figure>`;
}

function neighbour({ name, image, right, similarity }: Neighbour): Html {
  const verdict = right ? 'right' : 'wrong';
  return html`<li class="${verdict}" title="${name}, cosine ${similarity.toFixed(3)}">${picture(image, `${name}, ${verdict}`)}
    <span aria-hidden="true"><b>${right ? '✓' : '✗'}</b> ${name}</span></li>`;
}

/** `alt` is text: `html` escapes it. */
function picture(image: Rgb, alt: string): Html {
  return html`<img src="${bitmap(image)}" width="${image.width}" height="${image.height}" alt="${alt}">`;
}
