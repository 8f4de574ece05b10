import { BagsslError } from '../base/errors.ts';
import { checkOptions, needed, OBJECT, oneOf, type Rules, SWITCH, whole } from '../base/options.ts';
import { MIDDLE } from '../encoder/bag-placement.ts';
import { encodePatches } from '../encoder/encoder-graph.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { modelOfAnyBatch } from '../graph/any-batch.ts';
import { reduceMean, reshape } from '../graph/functions.ts';
import { createGraph } from '../graph/ops/index.ts';
import { portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { normaliseRows } from '../objectives/unit-rows.ts';
import type { Placement } from '../patches/placement.ts';
import { checkPlacement } from '../patches/placement.ts';
import { cutPatches } from './cut-graph.ts';
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
 * blue, rows from the top. Output: `bag` [batch, width of the feature], float32. The graph contains patch grid, resampling,
 * normalisation, network, whitening and mean, and gives the vectors of `Embedder` up to rounding. Resize images of another size first.
 * @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export function exportEmbedder(encoder: PatchEncoder, options: ExportEmbedderOptions): Uint8Array {
  checkExported(encoder);
  checkOptions('exportEmbedder', options, RULES);
  const { width, height, unit = false, pixels = 'uint8' } = options;
  const placement = placementOf(encoder, options.placement);
  const build = (batch: number) => {
    const graph = createGraph();
    const patches = cutPatches(graph.input('images', [batch, height, width, 3], pixels), encoder.recipe, placement);
    const [, count, ...each] = patches.shape;
    const vectors = encodePatches(encoder, reshape(patches, [batch * count, ...each]), { kinds: allEncoderKinds });
    const bag = reduceMean(reshape(vectors, [batch, count, vectors.shape[1]]), [1]);
    return { bag: unit ? normaliseRows(bag) : bag };
  };
  return portableOnnx(modelOfAnyBatch(build));
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
