// What every example runs: embed three pictures with a tiny encoder, compare their bags, and train two steps.
import { cosine, createEmbedder, fit } from 'bagssl';
import { PatchEncoder } from 'bagssl/embed';
import { presets } from 'bagssl/patches';
import { initialWeights, runConfig } from 'bagssl/train';

const side = 32;

/** A picture from a function that returns each pixel's red, green and blue, 0 to 255. */
function picture(colour) {
  const data = new Uint8Array(4 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) data.set([...colour(x, y), 255], 4 * (y * side + x));
  }
  return { data, width: side, height: side, layout: 'rgba' };
}

const pictures = [
  picture((x, y) => [8 * x, 8 * y, 60]),
  picture((x, y) => ((x ^ y) & 4 ? [20, 40, 200] : [250, 180, 30])),
  picture((x, y) => [8 * y, 8 * x, 160]),
];
const data = { name: 'three pictures', length: pictures.length, image: (index) => pictures[index] };

/**
 * @param options what this page needs, such as the addresses of files; with `background` also what the same gives in workers
 */
export async function program({ background = true, ...options } = {}) {
  const here = await figures(options);
  return background ? { ...here, background: await figures({ ...options, workers: 0, background }) } : here;
}

async function figures(options) {
  const config = runConfig({
    seed: 1,
    recipe: presets.cifar16,
    model: {
      encoder: { kind: 'conv', widths: [8, 16], strides: [2, 2], residual: false },
      projector: { hidden: [32, 32], out: 16 },
    },
    images: 3,
    views: 4,
    budget: { steps: 2 },
  });
  const engine = { device: 'wasm', workers: 1, ...options };

  const encoder = PatchEncoder.from({ config, state: initialWeights(config) });
  const embedder = await createEmbedder({ ...engine, encoder });
  const bags = await embedder.matrix(data);
  await embedder.dispose();
  const bag = (index) => bags.data.subarray(index * bags.columns, (index + 1) * bags.columns);
  const cosines = [cosine(bag(0), bag(1)), cosine(bag(0), bag(2)), cosine(bag(1), bag(2))];

  const losses = [];
  const training = fit({ ...engine, data, config, reportEvery: 1 });
  for await (const { report } of training) losses.push(report.loss);
  await training.dispose();
  return { cosines, losses };
}
