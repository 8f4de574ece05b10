import type { ImageSet } from 'bagssl/data';
import type { Matrix } from 'bagssl/embed';
import type { Pixels } from 'bagssl/patches';

/** At most so many pictures are compared. */
const MOST = 400;

/** Embeds the first pictures of a set, one after the other; undefined where `onPicture` says to stop. */
export async function vectorsOf(
  set: ImageSet,
  embed: (picture: Pixels) => Promise<Float32Array>,
  onPicture: (done: number, total: number) => boolean,
): Promise<Matrix | undefined> {
  const rows = Math.min(MOST, set.length);
  let data = new Float32Array(0);
  let columns = 0;
  for (let i = 0; i < rows; i++) {
    const vector = await embed(await set.image(i));
    if (i === 0) {
      columns = vector.length;
      data = new Float32Array(rows * columns);
    }
    data.set(vector, i * columns);
    if (!onPicture(i + 1, rows)) return undefined;
  }
  return { data, rows, columns };
}
