// Writes what short-training.py needs: the initial weights and every batch of the run in ../support/short-training.ts.
// Bundle with esbuild (see scripts/test.mjs), then: node short-training-inputs.js FILE.safetensors
import { writeFileSync } from 'node:fs';
import { initialWeights, runConfig } from '../../src/train.ts';
import { PatchPool } from '../../src/patches.ts';
import { writeSafetensors } from '../../src/formats.ts';
import { Batches } from '../../src/training/batches.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const config = runConfig({ budget: { steps: 20 }, ...SHORT_RUN });
const tensors: Record<string, { dtype: 'F32'; shape: number[]; data: Float32Array }> = {};
for (const [name, data] of Object.entries(initialWeights(config))) tensors[name] = { dtype: 'F32', shape: [data.length], data };
const pool = await PatchPool.create({ workers: 0 });
const batches = new Batches(plainImages(), config, pool, 0, 1);
for (let step = 0; step < 20; step++) {
  const { data, shape } = await batches.take();
  tensors[`batch.${step}`] = { dtype: 'F32', shape: [...shape], data };
}
await pool.dispose();
writeFileSync(process.argv[2], writeSafetensors(tensors));
