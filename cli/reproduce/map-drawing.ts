import type { ImageSet } from '../../src/data.ts';
import { type Html, html } from '../report/html.ts';
import { bitmap, type Rgb, thumbnail } from '../report/rgb.ts';
import { queriesOf, type SpaceView, similarityMap } from './spaces.ts';

const CELL = 92;
const GAP = 8;
const SHOWN = 4;

/** A cosine from −1 to 1 as a colour from blue through white to red, the same in every map. */
function colour(value: number): [number, number, number] {
  const v = Math.max(-1, Math.min(1, value));
  const fade = (end: number) => Math.round(255 + (end - 255) * Math.abs(v));
  return v < 0 ? [fade(5), fade(80), fade(170)] : [fade(190), fade(30), fade(45)];
}

function heat(values: ArrayLike<number>, across: number): Rgb {
  const data = Uint8Array.from({ length: across * across * 3 }, (_, i) => colour(values[Math.floor(i / 3)])[i % 3]);
  return { data, width: across, height: across };
}

/**
 * Similarity maps of the middle patch of a few photographs: over its own photograph, the next one of its class and one of
 * another class, in both spaces side by side with one colour scale.
 */
export async function drawMaps(images: ImageSet, views: readonly SpaceView[]): Promise<Html> {
  const shown = firstOfClasses(images, SHOWN);
  const columns = 3 * (1 + views.length);
  const [width, height] = [columns * (CELL + GAP), shown.length * (CELL + GAP) + 70];
  const rows = await Promise.all(
    shown.map(async (photo, row) => {
      const others = [photo, partner(images, photo, true), partner(images, photo, false)];
      const { boxes } = views[0];
      const query = queriesOf(boxes[photo].length)[4];
      const cells = await Promise.all(
        others.map(async (other, block) => {
          const { width: side } = await images.image(other);
          const at = (column: number) =>
            `translate(${(block * (1 + views.length) + column) * (CELL + GAP)} ${34 + row * (CELL + GAP)})`;
          const scale = CELL / side;
          const box = boxes[photo][query];
          return html`<g transform="${at(0)}">${image(thumbnail(await images.image(other), CELL), 0, CELL)}${
            block === 0 &&
            html`<rect x="${box.x * scale}" y="${box.y * scale}" width="${box.width * scale}" height="${box.height * scale}" fill="none" stroke="#fff" stroke-width="2"/>`
          }</g>${views.map((view, v) => {
            const map = similarityMap(view.vectors, view.boxes, photo, query, other);
            const across = Math.round(Math.sqrt(map.length));
            // A cell of the map is drawn at the middle of its patch.
            const patch = view.boxes[other][0].width * scale;
            const step = (CELL - patch) / Math.max(1, across - 1);
            const from = patch / 2 - step / 2;
            return html`<g transform="${at(v + 1)}"><rect width="${CELL}" height="${CELL}" fill="#8a95a3" fill-opacity=".15"/>${image(heat(map, across), from, across * step)}</g>`;
          })}`;
        }),
      );
      return html`${cells}`;
    }),
  );
  const heads = ['its own photograph', 'another of its class', 'one of another class'].map(
    (name, block) =>
      html`<text x="${block * (1 + views.length) * (CELL + GAP)}" y="12">${name}</text>${views.map(
        ({ space }, v) => html`<text x="${(block * (1 + views.length) + v + 1) * (CELL + GAP)}" y="28">${space}</text>`,
      )}`,
  );
  const bar = heat(
    Array.from({ length: 64 * 64 }, (_, i) => ((i % 64) / 63) * 2 - 1),
    64,
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="bagssl-maps" viewBox="0 0 ${width} ${height}" role="img" aria-label="Similarity maps of ${shown.length} query patches.">
<style>.bagssl-maps text{font:13px system-ui,sans-serif;fill:#59636f}.bagssl-maps image{image-rendering:pixelated}@media (prefers-color-scheme:dark){.bagssl-maps text{fill:#a0aab6}}</style>
${heads}${rows}
<g transform="translate(0 ${height - 26})"><image href="${bitmap(bar)}" width="180" height="12" preserveAspectRatio="none"/>
<text y="25">−1</text><text x="84" y="25">0</text><text x="172" y="25">1</text><text x="200" y="11">cosine with the query patch, centred; one scale for all maps</text></g>
</svg>`;
}

const image = (picture: Rgb, offset: number, side: number): Html =>
  html`<image href="${bitmap(picture)}" x="${offset}" y="${offset}" width="${side}" height="${side}"/>`;

/** The first photograph of each of the first classes; without classes, the first photographs. */
function firstOfClasses({ labels, length }: ImageSet, count: number): number[] {
  const all = Array.from({ length }, (_, i) => i);
  const firsts = labels ? all.filter((i) => labels.indexOf(labels[i]) === i) : all;
  return firsts.slice(0, count);
}

/** Another photograph of the same class or of another class; the photograph itself if there is none. */
function partner({ labels, length }: ImageSet, photo: number, same: boolean): number {
  for (let step = 1; step < length; step++) {
    const other = (photo + step) % length;
    if (!labels || (labels[other] === labels[photo]) === same) return other;
  }
  return photo;
}
