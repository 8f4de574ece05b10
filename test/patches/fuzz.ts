import assert from 'node:assert/strict';
import { BYTES, type Layout, type Pixels } from '../../src/base/pixels.ts';
import { Stream } from '../../src/base/random.ts';
import { checkJob } from '../../src/patches/check-job.ts';
import type { PatchJob, PatchSource } from '../../src/patches/job.ts';
import { runJob } from '../../src/patches/job.ts';
import type { KernelExports, KernelMemory } from '../../src/patches/kernel-memory.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import type { Recipe, ViewChanges } from '../../src/patches/recipe.ts';
import { cutReference } from '../../src/patches/reference.ts';

const LAYOUTS = Object.keys(BYTES) as Layout[];

/** Numbers at and near the ends of a range as often as inside it. */
function near(s: Stream, low: number, high: number): number {
  return [low, high, low + (high - low) * s.uniform(), low + (high - low) * s.uniform()][s.below(4)];
}

function range(s: Stream, low: number, high: number): readonly [number, number] {
  const [a, b] = [near(s, low, high), near(s, low, high)];
  return a < b ? [a, b] : [b, a];
}

function changes(s: Stream, size: number): ViewChanges {
  const p = () => near(s, 0, 1);
  return {
    scale: range(s, 1e-6, 1),
    ...(s.below(2) && { ratio: range(s, 0.01, 100) }),
    ...(s.below(2) && { interpolation: s.below(2) ? 'bicubic' : 'bilinear' }),
    flip: p(),
    jitter: {
      probability: p(),
      brightness: near(s, 0, 10),
      contrast: near(s, 0, 10),
      saturation: near(s, 0, 10),
      hue: near(s, 0, 0.5),
    },
    greyscale: p(),
    ...(size > 1 &&
      s.below(2) && { blur: { probability: p(), kernel: 3 + 2 * s.below(size - 1), sigma: range(s, 0.01, 100) } }),
    ...(s.below(2) && { solarise: { probability: p(), threshold: p() } }),
  };
}

/** An image inside a larger buffer of other bytes, so that its patches show whether bytes outside it are read. */
function guarded(
  s: Stream,
  guard: number,
): { pixels: Pixels; region?: { x: number; y: number; width: number; height: number } } {
  const width = 1 + s.below(s.below(8) ? 40 : 300);
  const height = 1 + s.below(s.below(8) ? 40 : 300);
  const layout = LAYOUTS[s.below(4)];
  const length = width * height * BYTES[layout];
  const margin = 1 + s.below(70);
  const data = new Uint8Array(length + 2 * margin).fill(guard).subarray(margin, margin + length);
  // Multiplication by an odd number visits all bytes.
  const [a, b] = [2 * s.below(128) + 1, s.below(256)];
  for (let i = 0; i < length; i++) data[i] = i * a + (i >>> 5) * b;
  const pixels = { data, width, height, layout };
  if (s.below(4)) return { pixels };
  const [x, y] = [s.below(width), s.below(height)];
  return { pixels, region: { x, y, width: 1 + s.below(width - x), height: 1 + s.below(height - y) } };
}

function job(s: Stream, guard: number): PatchJob {
  const size = 1 + s.below(s.below(10) ? 34 : 120);
  const recipe: Recipe = {
    size,
    ...(changes(s, size) as Pick<Recipe, 'scale' | 'flip' | 'jitter' | 'greyscale'>),
    ...(s.below(3) === 0 && { views: Array.from({ length: 1 + s.below(3) }, () => changes(s, size)) }),
    mean: [near(s, -2, 2), near(s, -2, 2), near(s, -2, 2)],
    std: [near(s, 1e-6, 2), near(s, 1e-6, 2), near(s, 1e-6, 2)],
  };
  const images = Array.from({ length: 1 + s.below(2) }, (_, id) => ({ id, ...guarded(s, guard) }));
  const sources: PatchSource[] = [
    { kind: 'augmented', seed: s.uint32(), epoch: s.uint32(), views: 1 + s.below(3) },
    { kind: 'placed', placement: { kind: 'grid', across: 1 + s.below(2) } },
    { kind: 'placed', placement: { kind: 'random', count: 2, seed: 1, scales: [near(s, 1e-6, 1), near(s, 1e-6, 1)] } },
    { kind: 'placed', placement: { kind: 'tiles', overlap: 0 } },
  ];
  const source = sources[Math.min(s.below(8), 3) % (recipe.scale[0] < 0.2 ? 3 : 4)];
  return { recipe, images, source: s.below(2) ? sources[0] : source, keepParameters: true };
}

/** What kernel memory is filled with before a job. */
const PAGES = 32;
/** Bytes behind each region that no kernel may touch; vectors may end in the ones before. */
const GUARD = 32;

const loaded = [await Kernels.load(), await Kernels.load()];

/** Kernels as if fresh, in memory full of `guard`, and a check that the gaps between and behind the regions still are. */
function guardedKernels(guard: number) {
  const kernels = loaded[guard & 1];
  const memory = Reflect.get(kernels, 'memory') as KernelMemory;
  const wasm = Reflect.get(memory, 'wasm') as KernelExports;
  const { memory: pages } = wasm;
  if (pages.buffer.byteLength < PAGES * 65_536) pages.grow(PAGES);
  // Without a size, every region is laid out again.
  for (const region in memory.bytes) memory.bytes[region as 'tile'] = 0;
  new Uint8Array(pages.buffer, wasm.heapBase()).fill(guard);
  const intact = () => {
    const starts = Object.values(memory.at);
    const gaps = Object.keys(memory.at).map((region, i) => {
      const end = memory.at[region as 'tile'] + memory.bytes[region as 'tile'];
      const behind = starts[i + 1] ?? Math.min(end + 4096, (PAGES + 1) * 65_536);
      return memory.u8.subarray(Math.max(end, (starts[i + 1] ?? end + 64) - GUARD), behind);
    });
    return gaps.every((gap) => gap.every((byte) => byte === guard));
  };
  return { kernels, intact };
}

/**
 * One random job, cut twice, with other guard bytes around its images and all over the kernels' memory: the
 * patches must be the same bits, the guards intact, nothing written outside the output, and no value may be anything but a
 * number. Every tenth is compared with the twin as well. Returns the number of patches.
 */
export function fuzz(seed: number): number {
  const [first, second] = [0, 255].map((guard) => {
    const work = job(new Stream(seed, 'fuzz'), guard);
    checkJob(work);
    const { kernels, intact } = guardedKernels(guard);
    const { data, parameters = [], count } = runJob(kernels, work);
    // A second image may move the regions to where others were.
    if (work.images.length === 1) assert.ok(intact(), `seed ${seed}: a kernel wrote outside its buffers`);
    const into = new Float32Array(data.length + 2).fill(-7);
    runJob(kernels, work, into.subarray(1, -1));
    assert.ok(into[0] === -7 && into[into.length - 1] === -7, `seed ${seed}: written outside the output`);
    assert.ok(bytes(data).equals(bytes(into.subarray(1, -1))), `seed ${seed}: the second time is another`);
    return { work, data, parameters, count };
  });
  assert.ok(bytes(first.data).equals(bytes(second.data)), `seed ${seed}: patches depend on bytes outside the buffers`);
  assert.ok(first.data.every(Number.isFinite), `seed ${seed}: a value is not finite`);
  const { images, recipe } = first.work;
  if (seed % 10 === 0 && images.length === 1) {
    const floats = 3 * recipe.size ** 2;
    first.parameters.forEach((patch, k) => {
      const expected = cutReference(images[0].pixels, patch, recipe.size, recipe.mean, recipe.std);
      assert.deepEqual(first.data.slice(k * floats, (k + 1) * floats), expected, `seed ${seed}`);
    });
  }
  return first.count;
}

const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
