import { readFile } from 'node:fs/promises';
import { decodeImage } from '../../src/data.ts';
import { document, section } from './document.ts';
import { type Html, html } from './html.ts';
import { bitmap, thumbnail } from './rgb.ts';

/** A picture on the page: where it is read, what it is called, and how like the first it is. */
export interface Shown {
  readonly file: string;
  readonly name: string;
  readonly similarity?: number;
}

/** Pixels of a thumbnail's longer side. */
const SIDE = 192;
/** Pictures of a page, which holds 85 kB of each: browsers are slow with more, and a text can't have more than 512 MB. */
const MOST = 2000;

/** A page of groups of pictures, as thumbnails that the page holds itself. */
export async function galleryPage(
  title: string,
  groups: readonly { readonly title: string; readonly shown: readonly Shown[] }[],
): Promise<string> {
  const sections: Html[] = [];
  const total = groups.reduce((sum, { shown }) => sum + shown.length, 0);
  let left = MOST;
  for (const group of groups) {
    const figures: Html[] = [];
    // One after the other: each is decoded in full.
    for (const one of group.shown.slice(0, left)) figures.push(await figure(one));
    left -= figures.length;
    if (figures.length > 0) sections.push(section(group.title, '', html`<div class="gallery">${figures}</div>`));
  }
  if (total > MOST) sections.push(html`<p>The first ${MOST} of ${total} pictures are shown.</p>`);
  const none = html`<p>None were found.</p>`;
  return document(
    `bagssl: ${title}`,
    html`<h1>${title}</h1>${sections.length ? sections : none}`,
    html`Made by bagssl.`,
  );
}

async function figure({ file, name, similarity }: Shown): Promise<Html> {
  const caption = html`<figcaption title="${name}">${similarity !== undefined && html`<b>${similarity.toFixed(3)}</b> `}${name}</figcaption>`;
  try {
    const image = thumbnail(await decodeImage(await readFile(file), name), SIDE);
    return html`<figure><img src="${bitmap(image)}" width="${image.width}" height="${image.height}" alt="${name}">${caption}</figure>`;
  } catch (error) {
    // It was there when it was indexed.
    return html`<figure><p>${(error as Error).message}</p>${caption}</figure>`;
  }
}
