import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { builtinScenes } from '../../src/data.ts';
import { createEmbedder, type Embedder, fit, SearchIndex } from '../../src/index.ts';
import { loadCheckpoint, loadEncoder } from '../../src/node.ts';
import { relativeError } from '../support/reference.ts';
import { largestDifference } from '../support/short-training.ts';

// Written by bagssl 0.1.0 (make.mjs in that folder): what it kept must load for ever, and mean the same.
const FOLDER = 'test/golden/v0.1.0';
const data = builtinScenes({ count: 24, seed: 1 });
const images = await Promise.all([0, 1, 2].map((index) => data.image(index)));
const engine = { device: 'native', threads: 1, workers: 0 } as const;
const bytesOf = (name: string) => new Uint8Array(readFileSync(`${FOLDER}/${name}.safetensors`));

interface Expected {
  /** Three images' bag vectors (a grid 2 across), and the losses of three more steps. */
  readonly runs: Readonly<Record<string, { vectors: number[][]; losses: number[] }>>;
  /** Three images' bag vectors, where the file says. */
  readonly encoders: Readonly<Record<string, number[][]>>;
  readonly found: readonly { id: string; similarity: number }[];
}

const expected: Expected = JSON.parse(readFileSync(`${FOLDER}/expected.json`, 'utf8'));

async function sameVectors(embedder: Embedder, vectors: readonly number[][]): Promise<void> {
  try {
    for (const [index, vector] of vectors.entries()) {
      const error = relativeError(await embedder.embed(images[index]), vector);
      assert.ok(error < 1e-5, `image ${index} differs by ${error}`);
    }
  } finally {
    await embedder.dispose();
  }
}

describe('what bagssl 0.1.0 wrote', () => {
  for (const [name, { vectors, losses }] of Object.entries(expected.runs)) {
    it(`a run (${name}) gives the same vectors`, async () => {
      const { encoder } = await loadEncoder(`${FOLDER}/run-${name}`, { placement: { kind: 'grid', across: 2 } });
      await sameVectors(await createEmbedder({ ...engine, encoder }), vectors);
    });

    it(`a run (${name}) is resumed with the same losses`, async () => {
      const resume = await loadCheckpoint(`${FOLDER}/run-${name}`);
      await using training = fit({ ...engine, data, resume, reportEvery: 1 });
      for await (const _ of training);
      const after = training.history.slice(3).map(({ loss }) => loss);
      const difference = largestDifference(after, losses);
      assert.ok(difference < 1e-5, `differs by ${difference}: ${after}`);
    });
  }

  for (const [name, vectors] of Object.entries(expected.encoders)) {
    it(`an encoder's file (${name}) gives the same vectors`, async () => {
      await sameVectors(await createEmbedder({ ...engine, encoder: bytesOf(`encoder-${name}`) }), vectors);
    });
  }

  it('an index finds the same', () => {
    const found = SearchIndex.load(bytesOf('index')).search(Float32Array.from(expected.encoders.whitened[1]), 3);
    assert.deepEqual(
      found.map(({ id }) => id),
      expected.found.map(({ id }) => id),
    );
    found.forEach(({ similarity }, row) => {
      assert.ok(Math.abs(similarity - expected.found[row].similarity) < 1e-6);
    });
  });
});
