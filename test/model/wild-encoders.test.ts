import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadOnnx } from '../../src/encoders.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { BagsslError } from '../../src/index.ts';
import type { OnnxConfig } from '../../src/model/encoders/onnx.ts';
import { onnx, patchSize } from '../../src/model/encoders/onnx.ts';
import { Scope } from '../../src/model/scope.ts';
import { filesIn, reading } from '../support/wild-encoders.ts';

// Public models and small files of one form each, which are not part of the project: ../shared/onnx-wild.
const FOLDER = '../shared/onnx-wild';
const files = filesIn(FOLDER);
const skip = files.length === 0 && `${FOLDER} is not here`;

/** What a file needs to be said with it. */
const SAID: readonly (readonly [file: RegExp, said: Pick<OnnxConfig, 'size' | 'output'>])[] = [
  [/libfacedetection|RealTime-PPE|gutenye/, { size: 64 }],
  // Its own outputs have rows of all images together.
  [/YuNet-ONNX/, { output: '307' }],
];
const saidOf = (file: string) => SAID.find(([pattern]) => pattern.test(file))?.[1] ?? {};

/** Files that are not read for training, and why. */
const REFUSED: readonly (readonly [file: RegExp, code: string, message: RegExp])[] = [
  [
    /DogNose|computer_devices|garbage-classification/,
    'bad-data',
    /keeps its weights in a second file, which cannot be/,
  ],
  [/model_int8/, 'unsupported-operator', /no gradient rule for QuantizeLinear/],
  [/pre_post_processing/, 'shape-mismatch', /an encoder takes images/],
  [/qonnx/, 'unsupported-operator', /Quant of the domain "onnx\.brevitas" is not supported/],
];

/** The largest images of which values and gradients are compared here: larger ones take minutes. */
const SIDE = Number(process.env.WILD_SIDE ?? 96);

describe('public .onnx models are read for training, or refused for a reason', { skip }, () => {
  for (const file of files) {
    it(file, async (t) => {
      const said = saidOf(file);
      const refused = REFUSED.find(([pattern]) => pattern.test(file));
      if (refused) {
        await assert.rejects(
          async () => onnx.width({ kind: 'onnx', model: await loadOnnx(`${FOLDER}/${file}`), batchNorm: 'frozen' }),
          (error) => error instanceof BagsslError && error.code === refused[1] && refused[2].test(error.message),
        );
        return;
      }
      const model = await loadOnnx(`${FOLDER}/${file}`);
      const config: OnnxConfig = { kind: 'onnx', model, batchNorm: 'frozen', ...said };
      const side = patchSize(config);
      if (side > SIDE) {
        const scope = new Scope(createGraph());
        onnx.build(scope, config, scope.graph.input('patches', [2, 3, side, side]));
        assert.ok(scope.parameters.length > 0);
        t.diagnostic(`read; its ${side} px are too many to compare values here (WILD_SIDE)`);
        return;
      }
      const { parameters, difference, slope } = await reading(model, 2, said);
      assert.ok(parameters > 0, 'something trains');
      assert.ok(difference < 1e-4, `embeddings differ from ONNX Runtime's by ${difference}`);
      const [rule, differences] = slope;
      assert.ok(Math.abs(rule / differences - 1) < 0.02, `slope ${rule}, by differences ${differences}`);
    });
  }
});
