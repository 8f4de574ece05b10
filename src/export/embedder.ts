import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { modelOfAnyBatch } from '../graph/any-batch.ts';
import { reduceMean, reshape } from '../graph/functions.ts';
import { createGraph } from '../graph/ops/index.ts';
import { portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { featureOf } from '../model/network.ts';
import { Scope } from '../model/scope.ts';
import { normaliseRows } from '../objectives/normalise.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import type { Placement } from '../patches/placement.ts';
import { checkPlacement } from '../patches/placement.ts';
import { checkRecipe } from '../patches/recipe.ts';
import { cutPatches } from './cut-graph.ts';
import { checkNetwork, type ExportedNetwork } from './encoder.ts';

export interface ExportEmbedderOptions extends ExportedNetwork {
  /** The size of the images it will be given, px, 1 to 16384. */
  readonly width: number;
  /** As `width`. */
  readonly height: number;
  /** Where the patches lie; default a grid, 5 across. Not `random`. */
  readonly placement?: Placement;
  /** Bring every bag to length 1; default false. */
  readonly unit?: boolean;
  /** The type of the pixels it takes, values 0 to 255 in both cases; default uint8. */
  readonly pixels?: 'uint8' | 'float32';
}

const PIXELS = ['uint8', 'float32'] as const;

/**
 * An `Embedder` as one .onnx file that needs nothing of this package: `images` [batch, height, width, 3] in, red, green and
 * blue, rows from the top; `bag` [batch, width of the feature] out, float32. Patch grid, resampling, normalisation, network and
 * mean are in the graph; its vectors are the ones `Embedder` gives, to rounding. Images of another size must be resized first.
 * @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export function exportEmbedder(options: ExportEmbedderOptions): Uint8Array {
  givenParts(options, 'What exportEmbedder is given', 'model', 'weights', 'recipe', 'width', 'height');
  const { model, recipe, width, height, unit = false, pixels = 'uint8' } = options;
  const feature = checkNetwork(options);
  const weights = averagedWeights(options.weights);
  const placement = checkPlacement(options.placement ?? { kind: 'grid', across: 5 });
  checkRecipe(recipe);
  for (const [what, value] of Object.entries({ width, height })) {
    if (!Number.isInteger(value) || value < 1 || value > 16384) {
      throw new BagsslError(
        'bad-argument',
        `${what} is ${value}; images are 1 to 16384 px wide and high, in whole px.`,
      );
    }
  }
  if (!PIXELS.includes(pixels)) {
    throw new BagsslError('bad-argument', `pixels is "${pixels}"; it must be one of ${PIXELS.join(', ')}.`);
  }
  const build = (batch: number) => {
    const graph = createGraph();
    const patches = cutPatches(graph.input('images', [batch, height, width, 3], pixels), recipe, placement);
    const [, count, ...each] = patches.shape;
    const vector = featureOf(
      new Scope(graph, weights),
      model,
      reshape(patches, [batch * count, ...each]),
      feature,
      allEncoderKinds,
    );
    const vectors = reshape(vector, [batch, count, vector.shape[1]]);
    const bag = reduceMean(vectors, [1]);
    return { bag: unit ? normaliseRows(bag) : bag };
  };
  return portableOnnx(modelOfAnyBatch(build));
}
