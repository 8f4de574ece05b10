import type { OwnPart } from '../../base/own-part.ts';
import { Stream } from '../../base/random.ts';
import { sha256 } from '../../base/sha256.ts';
import { type AugmentationSource, loadAugmentation } from './load-own.ts';
import { callOwn, type OwnField } from './own.ts';

/** Side of the tile that `augmentationDigest` changes, px. */
const SIZE = 16;
const DRAWS = 32;
/** Values are compared in steps of so much, because browsers differ in the last digits of exp and sin. */
const STEPS = 1000;

/**
 * The SHA-256, in hexadecimal, of what an augmentation does to a fixed tile in 32 fixed draws. A resumed run is held to it.
 * @param options as in a recipe's `own`
 * @throws BagsslError `bad-argument` if it cannot be loaded, or refuses its options
 */
export async function augmentationDigest(augmentation: AugmentationSource, options: unknown): Promise<string> {
  const one = await loadAugmentation(augmentation);
  callOwn(one, () => one.check?.(options));
  const floats = 3 * SIZE * SIZE;
  const found = new Int32Array(floats * DRAWS);
  for (let i = 0; i < DRAWS; i++) {
    const values = new Stream(0, 'digest', i);
    const tile = Float32Array.from({ length: floats }, () => values.uniform());
    const drawn = callOwn(one, () => one.draw(options, new Stream(0, `own ${one.name}`, 0, i), SIZE));
    if (drawn !== undefined) callOwn(one, () => one.change(tile, drawn, SIZE));
    found.set(
      tile.map((value) => Math.round(value * STEPS)),
      i * floats,
    );
  }
  return sha256(new Uint8Array(found.buffer));
}

/**
 * What a checkpoint holds of the augmentations that a recipe asks for, in their order.
 * @throws BagsslError as `augmentationDigest`
 */
export async function augmentationParts(
  given: readonly AugmentationSource[],
  { views = [], ...recipe }: OwnField & { readonly views?: readonly OwnField[] },
): Promise<OwnPart[]> {
  const parts: OwnPart[] = [];
  for (const source of given) {
    const { name } = await loadAugmentation(source);
    const asked = [recipe, ...views].map(({ own }) => own?.[name]).filter((options) => options !== undefined);
    if (asked.length === 0) continue;
    const digests = await Promise.all(asked.map((options) => augmentationDigest(source, options)));
    parts.push({ kind: 'own', name, digest: await sha256(new TextEncoder().encode(digests.join(' '))) });
  }
  return parts;
}
