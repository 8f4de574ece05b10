// Patches for search.py: float32 on standard output. node feed.mjs JSON, after `npm run build`.
// {"data", "recipe", "images", "views", "steps", "seed"}: training batches, view-major;
// {"data", "recipe", "placement", "count", "part"}: the clean patches of the first `count` images of "train" or "test".
import { once } from 'node:events';
import { openData } from '../../dist/node.js';
import { PatchPool, presets, withoutAugmentation } from '../../dist/patches.js';

const asked = JSON.parse(process.argv[2]);
const data = await openData(asked.data, { split: asked.part ?? 'train' });
const recipe = { ...presets.cifar16, ...asked.recipe };

/** The image numbers of every job. */
function* lots() {
  if (asked.placement) {
    for (let from = 0; from < asked.count; from += 50) {
      yield { ids: Array.from({ length: Math.min(50, asked.count - from) }, (_, k) => from + k) };
    }
    return;
  }
  let state = asked.seed * 7919 + 1;
  const random = () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
  let order = [];
  let epoch = -1;
  for (let step = 0; step < asked.steps; step++) {
    if (order.length < asked.images) {
      epoch++;
      const keyed = Array.from({ length: data.length }, (_, id) => [random(), id]);
      order = keyed.sort((a, b) => a[0] - b[0]).map(([, id]) => id);
    }
    yield { ids: order.splice(-asked.images), epoch };
  }
}

async function* jobs() {
  for (const { ids, epoch } of lots()) {
    yield {
      recipe: asked.placement ? withoutAugmentation(recipe) : recipe,
      images: await Promise.all(ids.map(async (id) => ({ id, pixels: await data.image(id) }))),
      source: asked.placement
        ? { kind: 'placed', placement: asked.placement }
        : { kind: 'augmented', seed: asked.seed, epoch, views: asked.views },
    };
  }
}

const pool = await PatchPool.create({ workers: 1 });
for await (const { data: values } of pool.stream(jobs(), { ahead: 3 })) {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
}
await pool.dispose();
