import { readFileSync } from 'node:fs';
import type { Stream } from '../../src/base/random.ts';
import { decodeImage as decode } from '../../src/data/decode.ts';
import type { DecodeOptions } from '../../src/data/decode-options.ts';
import { readImageHeader } from '../../src/data/image-header.ts';
import { nativeDecoder, portableDecoder } from '../../src/data/server-decoders.ts';
import { wholeJpeg } from '../../src/data/whole-jpeg.ts';
import { readCifarBatch } from '../../src/data.ts';
import { type BlockLayout, PatchEncoder, Whitening } from '../../src/embed.ts';
import { blockGraph } from '../../src/encoder/block-graph.ts';
import { reducedSize } from '../../src/encoder/block-layout.ts';
import { compact, encoders } from '../../src/encoders.ts';
import { readNpy, readSafetensors, readWeights, writeNpy, writeSafetensors } from '../../src/formats.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { openRun } from '../../src/index.ts';
import { allEncoderKinds } from '../../src/model/all-encoder-kinds.ts';
import { checkModel } from '../../src/model/config.ts';
import { describeModel } from '../../src/model/describe.ts';
import { checkRecipe, presets } from '../../src/patches.ts';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  initialWeights,
  memoryStore,
  type RunConfig,
  runConfig,
} from '../../src/train.ts';
import { SHORT_RUN } from '../support/short-training.ts';
import { TINY_RUNS } from '../support/tiny-runs.ts';
import { mutateBytes, mutateJson } from './mutate.ts';
import { shardReader } from './shards.ts';

/** Something that reads what others made. */
export interface Reader {
  /** Of all inputs, the share this one is given. */
  readonly share: number;
  /** Allocates at most so many bytes beyond `factor` times the input. */
  readonly most: number;
  readonly factor: number;
  /** An input out of a stream, with its length in bytes, and what reads it: it may only throw our errors. */
  next(s: Stream): { length: number; read(): unknown };
}

const MiB = 1024 ** 2;
const pick = <T>(s: Stream, list: readonly T[]): T => list[s.below(list.length)];

const bytesReader = (
  files: readonly Uint8Array[],
  read: (bytes: Uint8Array) => unknown,
  limits: Pick<Reader, 'share' | 'most' | 'factor'>,
): Reader => ({
  ...limits,
  next(s) {
    const bytes = s.below(50)
      ? mutateBytes(pick(s, files), s)
      : Uint8Array.from({ length: s.below(300) }, () => s.below(256));
    return { length: bytes.length, read: () => read(bytes) };
  },
});

const jsonReader = (
  values: readonly unknown[],
  read: (value: unknown) => unknown,
  limits: Pick<Reader, 'share' | 'most' | 'factor'>,
): Reader => {
  const texts = values.map((value) => JSON.stringify(value));
  return {
    ...limits,
    next(s) {
      const text = mutateJson(pick(s, texts), s);
      return {
        length: text.length,
        read() {
          let value: unknown;
          try {
            value = JSON.parse(text);
          } catch {
            return undefined; // whoever calls with a value has parsed it
          }
          return read(value);
        },
      };
    },
  };
};

const onnx = ['plain-opset9', 'plain-opset11', 'plain-opset17', 'plain-fused', 'vit-opset17'].map(
  (name) => new Uint8Array(readFileSync(`test/golden/own-encoders/${name}.onnx`)),
);
const tensors = {
  w: { dtype: 'F32', shape: [4, 8], data: new Float32Array(32).fill(0.5) },
  h: { dtype: 'F16', shape: [3], data: Uint16Array.of(1, 2, 3) },
  none: { dtype: 'I64', shape: [0, 5], data: new BigInt64Array(0) },
} as const;
const cifar = new Uint8Array(3073 * 3).map((_, i) => (i % 3073 === 0 ? 7 : i & 255));
const npy = [
  writeNpy(new Float32Array(24), [4, 6]),
  writeNpy(new Float32Array(3), [3]),
  writeNpy(new Float32Array(0), [0, 9]),
];
const varied: Partial<RunConfig>[] = [
  SHORT_RUN,
  ...Object.values(TINY_RUNS),
  {
    optimizer: { kind: 'adamw', beta1: 0.8, exclude: 'none' },
    schedule: { kind: 'step', at: [0.5, 0.8], factor: 0.1 },
  },
  ...Object.values(encoders).map((encoder) => ({ model: { ...compact, encoder } })),
];
const configs = varied.map((more) => ({ budget: { steps: 20 }, ...more }));

/** A picture of 24×20 pixels that is more than one colour, in each format. */
async function pictures(): Promise<Uint8Array[]> {
  const { default: sharp } = await import('sharp');
  const raw = { width: 24, height: 20, channels: 3 } as const;
  const made = () =>
    sharp(
      Uint8Array.from({ length: 24 * 20 * 3 }, (_, i) => (i * 7 + (i >> 5) * 31) & 255),
      { raw },
    );
  return Promise.all(
    [
      made().jpeg(),
      made().jpeg({ progressive: true }).withMetadata({ orientation: 6 }),
      made().png(),
      made().png({ palette: true }),
      made().webp(),
      made().webp({ lossless: true }),
    ].map(async (image) => new Uint8Array(await image.toBuffer())),
  );
}

/** Encoders' files: of patches with a whitening, and of blocks. */
async function encoderFiles(): Promise<Uint8Array[]> {
  const network = {
    encoder: { kind: 'conv', widths: [2, 3], strides: [1, 2], residual: false, padding: 'valid' },
    projector: { hidden: [4], out: 2 },
  } as const;
  const config = runConfig({ ...SHORT_RUN, model: network, budget: { steps: 1 } });
  const white = (width: number) => new Whitening(new Float32Array(width), new Float32Array(width ** 2).fill(0.5));
  const layout: BlockLayout = {
    kind: 'blocks',
    blocks: [
      { side: 32, layer: 1, across: 2, weight: 1 },
      { side: 40, layer: 0, pool: 2, across: 1, weight: 0.5 },
    ],
    whitenings: { '32.1': white(3), '40.0': white(2) },
    projection: { mean: new Float32Array(8), matrix: new Int8Array(8 * 4).fill(9), scale: new Float32Array(4).fill(1) },
  };
  const parts = {
    model: network,
    recipe: config.recipe,
    weights: initialWeights(config),
    feature: 'embedding',
  } as const;
  const all = [new PatchEncoder({ ...parts, whitening: white(3) }), new PatchEncoder({ ...parts, layout })];
  return Promise.all(all.map((encoder) => encoder.write()));
}

/** An encoder's file with a few bytes changed, or with a header that says something else. */
function mutateEncoder(file: Uint8Array, s: Stream): Uint8Array {
  if (s.below(3) === 0) return mutateBytes(file, s);
  const { tensors: held, metadata } = readSafetensors(file);
  return writeSafetensors(held, { bagssl: mutateJson(metadata.bagssl, s) });
}

/** Reads an encoder, and builds the graph of one whose layout sees whole images. */
async function openEncoder(bytes: Uint8Array): Promise<void> {
  const encoder = await PatchEncoder.read(bytes);
  if (typeof encoder.layout === 'string') return;
  const graph = createGraph();
  blockGraph(encoder, encoder.layout, (side) => {
    const { rows, columns } = reducedSize(side, 1, 1);
    return graph.input(`side${side}`, [1, 3, rows, columns]);
  });
}

/** Every reader of the package, by name. */
export async function readers(): Promise<Record<string, Reader>> {
  const files = await pictures();
  // Far less than the default, so that a claim of more than it would show.
  const few: DecodeOptions = { mostPixels: 250_000 };
  const sharp = await nativeDecoder();
  const checkpoint = {
    config: runConfig({ ...SHORT_RUN, budget: { steps: 20 } }),
    position: { step: 3, seconds: 1 },
    state: { w: new Float32Array(12) },
    shapes: { w: [3, 4] },
    history: [{ step: 3, loss: -3, collapse: 0.5 }],
  };
  const kept = await encodeCheckpoint(checkpoint);
  const encodersOfFiles = await encoderFiles();
  // Version 1 had no digest of its own: what it says is read.
  const version1 = JSON.stringify({ ...JSON.parse(kept.json), version: 1 });
  const store = memoryStore();
  const run = await openRun(store);
  await run.save(checkpoint);
  await run.save({ ...checkpoint, position: { step: 4, seconds: 2 }, state: { w: new Float32Array(12).fill(1) } });
  await run.close();
  const blobs = await Promise.all((await store.list()).map(async (name) => [name, (await store.read(name))!] as const));

  return {
    '.onnx encoders': bytesReader(
      onnx,
      (model) => {
        const config = {
          encoder: { kind: 'onnx', model, batchNorm: 'train' },
          projector: { hidden: [8], out: 4 },
        } as const;
        checkModel(config, 16, allEncoderKinds);
        describeModel(config, 16);
      },
      { share: 12, most: 64 * MiB, factor: 64 },
    ),
    safetensors: bytesReader(
      [writeSafetensors(tensors), writeSafetensors({ w: tensors.w }, { a: 'b' })],
      readSafetensors,
      {
        share: 20,
        most: MiB,
        factor: 8,
      },
    ),
    'encoder files': {
      share: 4,
      most: 128 * MiB,
      factor: 64,
      next(s) {
        const bytes = mutateEncoder(pick(s, encodersOfFiles), s);
        return { length: bytes.length, read: () => openEncoder(bytes) };
      },
    },
    'weights of safetensors': bytesReader([writeSafetensors({ w: tensors.w, h: tensors.h })], readWeights, {
      share: 10,
      most: MiB,
      factor: 8,
    }),
    '.npy': bytesReader(npy, (bytes) => readNpy(bytes), { share: 16, most: MiB, factor: 8 }),
    'CIFAR batches': bytesReader([cifar], (bytes) => readCifarBatch(bytes, 'batch'), {
      share: 6,
      most: MiB,
      factor: 4,
    }),
    'Parquet shards': { share: 4, most: 8 * MiB, factor: 64, ...shardReader() },
    'image headers': bytesReader(files, (bytes) => [readImageHeader(bytes), wholeJpeg(bytes)], {
      share: 16,
      most: MiB,
      factor: 4,
    }),
    'images, by WebAssembly': bytesReader(
      files,
      (bytes) => decode(bytes, 'image', { ...few, decoder: portableDecoder }),
      {
        share: 2,
        most: 32 * MiB,
        factor: 16,
      },
    ),
    ...(sharp && {
      'images, by sharp': bytesReader(files, (bytes) => decode(bytes, 'image', { ...few, decoder: sharp }), {
        share: 2,
        most: 32 * MiB,
        factor: 16,
      }),
    }),
    recipes: jsonReader(Object.values(presets), checkRecipe, { share: 8, most: MiB, factor: 64 }),
    configurations: jsonReader(configs, (value) => runConfig(value as never), { share: 5, most: 4 * MiB, factor: 64 }),
    'checkpoint JSON': {
      share: 2,
      most: 4 * MiB,
      factor: 64,
      next(s) {
        const json = mutateJson(s.below(4) ? version1 : kept.json, s);
        return { length: json.length, read: () => decodeCheckpoint(json, kept.tensors) };
      },
    },
    'stores of runs': {
      share: 1,
      most: 4 * MiB,
      factor: 64,
      next(s) {
        const [victim, bytes] = pick(s, blobs);
        const changed = mutateBytes(bytes, s);
        return {
          length: changed.length,
          async read() {
            const damaged = memoryStore();
            for (const [name, whole] of blobs) await damaged.write(name, name === victim ? changed : whole);
            const opened = await openRun(damaged, { onWarning() {} });
            const { step } = opened.found!.position;
            const [first] = opened.found!.state.w;
            if (first !== step - 3) throw new Error(`A damaged checkpoint was taken: step ${step}, weight ${first}.`);
          },
        };
      },
    },
  };
}
