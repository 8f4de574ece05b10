import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError } from '../../src/index.ts';
import { checkModel, type ModelConfig } from '../../src/model/config.ts';
import { describeModel } from '../../src/model/describe.ts';
import { type EncoderConfig, encoderWidth } from '../../src/model/encoder.ts';
import { encoders } from '../../src/model/encoders/index.ts';
import { projectors } from '../../src/model/projector.ts';

const model = (encoder: EncoderConfig): ModelConfig => ({ encoder, projector: projectors.empSsl });
const sizes = (encoder: EncoderConfig, size = 32) => describeModel(model(encoder), size);

describe('a model has the published number of parameters', () => {
  it('ResNet-18 with the CIFAR stem, and with the EMP-SSL head', () => {
    const { encoder, total } = sizes(encoders.resnet18);
    assert.equal(encoder.parameters, 11_168_832);
    assert.equal(total.parameters, 34_263_104);
    // EMP-SSL's encoder at 32×32: 0.555 GMAC, at 16×16 a quarter of it.
    assert.equal(encoder.multiplyAdds, 555_417_600);
    assert.equal(sizes(encoders.resnet18, 16).encoder.multiplyAdds * 4, 555_417_600);
  });

  // torchvision's resnet34 and resnet50 without the classifier.
  for (const [name, parameters, gigaMultiplyAdds] of [
    ['resnet34', 21_284_672, 3.66],
    ['resnet50', 23_508_032, 4.09],
  ] as const) {
    it(`${name} with the ImageNet stem`, () => {
      const { encoder } = sizes(encoders[name], 224);
      assert.equal(encoder.parameters, parameters);
      assert.equal((encoder.multiplyAdds / 1e9).toFixed(2), gigaMultiplyAdds.toFixed(2));
    });
  }

  for (const name of ['vitTiny', 'vitSmall'] as const) {
    it(`${name}: D(3p² + 1) + TD + L(12D² + 13D) + 2D`, () => {
      const { width: d, depth, patch } = encoders[name];
      const tokens = (32 / patch) ** 2;
      assert.equal(
        sizes(encoders[name]).encoder.parameters,
        d * (3 * patch * patch + 1) + tokens * d + depth * (12 * d * d + 13 * d) + 2 * d,
      );
    });
  }

  it('a ConvMixer: h(d(k² + h + 6) + 3p² + 3), the published formula without the classifier', () => {
    const { patch, width: h, depth, kernel } = encoders.convMixer;
    const { encoder } = sizes(encoders.convMixer);
    assert.equal(encoder.parameters, h * (depth * (kernel * kernel + h + 6) + 3 * patch * patch + 3));
    assert.equal(encoder.multiplyAdds, 256 * h * (depth * (kernel * kernel + h) + 3 * patch * patch));
  });

  it('a depthwise block: 9C + CM weights, 2C + 2M of batch norm', () => {
    const two = sizes({ kind: 'depthwise', widths: [8, 12], strides: [1, 2], residual: true }).encoder;
    assert.equal(two.parameters, 8 * 27 + 16 + 9 * 8 + 8 * 12 + 2 * (8 + 12));
    assert.equal(two.multiplyAdds, 1024 * 8 * 27 + 256 * (9 * 8 + 8 * 12));
  });
});

describe('every preset', () => {
  for (const [name, encoder] of Object.entries(encoders)) {
    it(`${name} can be built for 16 and 32 px, as wide as it says`, () => {
      for (const size of [16, 32]) {
        const { projector } = describeModel({ encoder, projector: { hidden: [7], out: 5 } }, size);
        assert.equal(projector.parameters, encoderWidth(encoder) * 7 + 14 + 35);
      }
    });
  }
});

describe('an encoder that cannot be built is refused, quoting the value', () => {
  for (const [encoder, pattern] of [
    [{ kind: 'resnet', depth: 20, stem: 'cifar' }, /\(resnet\): depth must be one of 18, 34, 50, got 20/],
    [{ kind: 'resnet', depth: 18, stem: 'tiny' }, /stem must be one of cifar, imagenet, got "tiny"/],
    [{ kind: 'resnet', depth: 18, stem: 'cifar', width: 0 }, /width must be a whole number from 1 to 1024, got 0/],
    [{ kind: 'vit', patch: 5, width: 16, depth: 1, heads: 2, mlpRatio: 4 }, /5 does not divide 32/],
    [{ kind: 'vit', patch: 4, width: 16, depth: 1, heads: 3, mlpRatio: 4 }, /3 does not divide 16/],
    [{ kind: 'vit', patch: 4, width: 16, depth: 1, heads: 2, mlpRatio: 0.3 }, /mlpRatio × width .* got 4.8/],
    [{ kind: 'conv', widths: [8, 8], strides: [1], residual: false }, /2 widths and 1 strides/],
    [{ kind: 'conv', strides: [1], residual: false }, /widths must be a list .*, got undefined/],
    [{ kind: 'conv', widths: [], strides: [], residual: false }, /widths must be a list .*, got \[\]/],
    [
      { kind: 'conv', widths: [8], strides: [1], residul: true },
      /there is no "residul"; its options: widths, strides, residual, padding/,
    ],
    [{ kind: 'conv', widths: [8], strides: [1], residual: 'yes' }, /residual must be true or false, got "yes"/],
    [
      { kind: 'conv', widths: [8, 8, 8, 8, 8], strides: [2, 2, 2, 2, 1], residual: false, padding: 'valid' },
      /32 px shrink to nothing in 5 convolutions without padding \(32 → 15 → 7 → 3 → 1,/,
    ],
    [{ kind: 'conv', widths: [8], strides: [1], residual: false, padding: 'full' }, /\(conv\): padding .* got "full"/],
    [{ kind: 'depthwise', widths: [8], strides: [3], residual: false }, /strides .* got \[3\]/],
    [
      { widths: [8], strides: [1], residual: false },
      /encoder of kind undefined is unknown; choose one of conv, resnet/,
    ],
    [{ kind: 'convmixer', patch: 5, width: 8, depth: 1, kernel: 3 }, /5 does not divide 32/],
    [{ kind: 'convmixer', patch: 4, width: 8, depth: 1, kernel: 4 }, /kernel must be an odd whole number .* got 4/],
    [{ kind: 'toString' }, /kind "toString" is unknown/],
  ] as const) {
    it(JSON.stringify(encoder), () =>
      assert.throws(
        () => checkModel(model(encoder as unknown as EncoderConfig), 32),
        (error) => error instanceof BagsslError && error.code === 'bad-argument' && pattern.test(error.message),
      ),
    );
  }
});
