import { BagsslError } from '../base/errors.ts';
import { checkOptions, needed, OBJECT, oneOf, type Rules, SWITCH, whole } from '../base/options.ts';
import { checkPlaced, type PartLayout, seesWhole } from '../encoder/bag-layout.ts';
import { MIDDLE } from '../encoder/bag-placement.ts';
import { blockGraph, project } from '../encoder/block-graph.ts';
import { type BlockLayout, reducedSize } from '../encoder/block-layout.ts';
import { encodePatches } from '../encoder/encoder-graph.ts';
import { partCount, partShares } from '../encoder/part-shares.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { modelOfAnyBatch } from '../graph/any-batch.ts';
import { matmul, reduceMean, reshape } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import { portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { normaliseRows } from '../objectives/unit-rows.ts';
import { boxes, checkPlacement, type Placement } from '../patches/placement.ts';
import { cutPatches, reducedImages } from './cut-graph.ts';
import { checkExported } from './encoder.ts';

/** How an embedder is exported. */
export interface ExportEmbedderOptions {
  /** The size of the images it will be given, px, 1 to 16384. */
  readonly width: number;
  /** As `width`. */
  readonly height: number;
  /** Where the patches lie; default the encoder's. Not `random`, not `dense`. */
  readonly placement?: Placement;
  /** Normalise every vector to length 1; default false. */
  readonly unit?: boolean;
  /** The type of the pixels it takes, values 0 to 255 in both cases; default uint8. */
  readonly pixels?: 'uint8' | 'float32';
}

const RULES: Rules<ExportEmbedderOptions> = {
  width: needed(whole(1, 16384)),
  height: needed(whole(1, 16384)),
  placement: OBJECT,
  unit: SWITCH,
  pixels: oneOf('uint8', 'float32'),
};

/**
 * An `Embedder` as one .onnx file that works without this package. Input: `images` [batch, height, width, 3], red, green and
 * blue, rows from the top. Output: `bag` [batch, width of the vector], float32. The graph contains patch grid, resampling,
 * normalisation, network, whitening and mean, and gives the vectors of `Embedder` up to rounding. Images of another size must be resized
 * first, all in one way: docs/scale-out.md says how `createEmbedder` does it with this file.
 * @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export function exportEmbedder(encoder: PatchEncoder, options: ExportEmbedderOptions): Uint8Array {
  checkExported(encoder);
  checkOptions('exportEmbedder', options, RULES);
  const { width, height, unit = false, pixels = 'uint8' } = options;
  const bagOf = seesWhole(encoder.layout)
    ? blockBag(encoder, encoder.layout, options)
    : placedBag(encoder, encoder.layout, placementOf(encoder, options.placement));
  const build = (batch: number) => {
    const bag = bagOf(createGraph().input('images', [batch, height, width, 3], pixels));
    return { bag: unit ? normaliseRows(bag) : bag };
  };
  return portableOnnx(modelOfAnyBatch(build));
}

/** From images [batch, height, width, 3] to their vectors, [batch, width]. */
type BagOf = (images: Value) => Value;

const placedBag =
  (encoder: PatchEncoder, layout: PartLayout, placement: Placement): BagOf =>
  (images) => {
    const [batch, height, width] = images.shape;
    const patches = cutPatches(images, encoder.recipe, placement);
    const [, count, ...each] = patches.shape;
    const vectors = encodePatches(encoder, reshape(patches, [batch * count, ...each]), { kinds: allEncoderKinds });
    const apart = reshape(vectors, [batch, count, vectors.shape[1]]);
    if (layout === 'mean') return reduceMean(apart, [1]);
    const places = boxes(placement, encoder.recipe, width, height, 0);
    const shares = places.map((box) => partShares(layout, box, { width, height }));
    return partMeans(apart, partCount(layout), shares);
  };

/** As `PartMeans` makes it of vectors [batch, patches, width]. */
function partMeans(vectors: Value, parts: number, shares: readonly (readonly number[])[]): Value {
  const [batch, patches, channels] = vectors.shape;
  const means = new Float32Array(parts * patches);
  for (let part = 0; part < parts; part++) {
    const total = shares.reduce((sum, share) => sum + share[part], 0);
    // Without a patch of its own a part has the mean of all.
    shares.forEach((share, patch) => {
      means[part * patches + patch] = total > 0 ? share[part] / total : 1 / patches;
    });
  }
  const sums = matmul(vectors.graph.constant(means, [parts, patches]), vectors);
  return reshape(normaliseRows(reshape(sums, [batch * parts, channels])), [batch, parts * channels]);
}

function blockBag(
  encoder: PatchEncoder,
  layout: BlockLayout,
  { width, height, placement }: ExportEmbedderOptions,
): BagOf {
  checkPlaced(layout, placement ?? encoder.placement);
  return (images) => {
    const reduced = (side: number) => {
      const { rows, columns } = reducedSize(side, width, height);
      return reducedImages(images, encoder.recipe, rows, columns);
    };
    return project(blockGraph(encoder, layout, reduced).blocks, layout.projection);
  };
}

function placementOf(encoder: PatchEncoder, given: Placement | undefined): Placement {
  const placement = given ?? encoder.placement;
  if (placement.kind === 'whole') return MIDDLE;
  if (placement.kind !== 'dense') return checkPlacement(placement);
  throw new BagsslError(
    'bad-argument',
    'The encoder places its patches by "dense", which an exported embedder cannot; give a placement, such as { kind: "grid", across: 5 }.',
  );
}
