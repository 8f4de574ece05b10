import type { PatchBox } from 'bagssl/embed';
import type { Pixels } from 'bagssl/patches';
import { breath } from '../common/breath.ts';
import { make } from '../common/dom.ts';
import { imageData } from '../common/draw.ts';
import { SimilarityMap } from './similarity-map.ts';
import { type Near, nearest, type Place, type Space } from './space.ts';

/** How many nearest patches are shown in each space. */
const NEAREST = 6;
/** Width and height of a patch's thumbnail in pixels. */
const THUMB = 64;
const WORDS: Readonly<Record<string, string>> = {
  embedding: 'The output of the encoder for a patch; a bag averages it.',
  projection: 'The output of the projector, which the objective sees in training.',
};

/** The spaces, drawn. */
export interface Shown {
  /** A column for each. */
  readonly sections: readonly HTMLElement[];
  /** Draws everything for one patch, and returns a sentence or two about it. */
  show(place: Place): string;
}

/** One column per space: maps over all pictures, and the nearest patches of other pictures. */
export async function drawSpaces(
  spaces: readonly Space[],
  pictures: readonly Pixels[],
  boxes: readonly (readonly PatchBox[])[],
  choose: (picture: number, patch: number) => void,
): Promise<Shown> {
  const views: { space: Space; maps: readonly SimilarityMap[]; found: HTMLElement; section: HTMLElement }[] = [];
  for (const space of spaces) {
    const maps: SimilarityMap[] = [];
    for (const [i, picture] of pictures.entries()) {
      await breath();
      maps.push(new SimilarityMap(picture, boxes[i]));
    }
    const found = make('ol', { className: 'found patches' });
    const title = `${space.feature[0].toUpperCase()}${space.feature.slice(1)}`;
    const section = make(
      'section',
      { ariaLabel: `${title} space` },
      make('h3', {}, title),
      make('p', { className: 'note' }, WORDS[space.feature]),
      make('div', { className: 'maps' }, ...maps.map(({ element }) => element)),
      make('h4', {}, 'Nearest patches of other pictures'),
      found,
    );
    views.push({ space, maps, found, section });
  }

  return {
    sections: views.map(({ section }) => section),
    show(place) {
      const sentences = views.map(({ space, maps, found }) => {
        const similar = space.similarities(place);
        for (const [i, map] of maps.entries()) {
          map.show(similar[i], describe(i, similar[i]));
          map.element.classList.toggle('own', i === place.picture);
        }
        const near = nearest(similar, place.picture, NEAREST);
        found.replaceChildren(
          ...near.map((one) => item(one, pictures[one.picture], boxes[one.picture][one.patch], choose)),
        );
        const best = near[0]
          ? `; the most similar patch is in picture ${near[0].picture + 1}, ${near[0].similarity.toFixed(2)}`
          : '';
        return `${space.feature}: ${share(similar[place.picture])} % of this picture is similar${best}`;
      });
      return `By ${sentences.join('. By ')}.`;
    },
  };
}

/** Percentage of the places with a cosine above 0.5. */
const share = (values: Float32Array) =>
  Math.round((100 * values.filter((value) => value > 0.5).length) / values.length);
const describe = (picture: number, values: Float32Array) =>
  `Picture ${picture + 1}: ${share(values)} % of it is similar to the chosen patch, at most ${Math.max(...values).toFixed(2)}`;

function item(near: Near, picture: Pixels, box: PatchBox, choose: (picture: number, patch: number) => void) {
  const whole = make('canvas', { width: picture.width, height: picture.height });
  whole.getContext('2d')!.putImageData(imageData(picture), 0, 0);
  const canvas = make('canvas', { width: THUMB, height: THUMB });
  canvas.getContext('2d')!.drawImage(whole, box.x, box.y, box.width, box.height, 0, 0, THUMB, THUMB);
  const label = `A patch of picture ${near.picture + 1}, cosine ${near.similarity.toFixed(2)}. Look at it`;
  const button = make('button', { type: 'button', className: 'picture', ariaLabel: label }, canvas);
  button.onclick = () => choose(near.picture, near.patch);
  return make('li', {}, button, make('span', {}, near.similarity.toFixed(2)));
}
