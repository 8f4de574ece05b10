import { BagsslError } from '../errors.ts';

/** A network as plain data: the encoder's convolutions and the projector's widths. */
export interface ModelConfig {
  /** Side of the square patches it sees, px. */
  readonly size: number;
  readonly encoder: {
    /** Output channels of each 3×3 convolution + batch norm + ReLU. */
    readonly widths: readonly number[];
    /** Stride of each, 1 or 2. */
    readonly strides: readonly number[];
    /** Add a layer's input to its output where both have the same shape. */
    readonly residual: boolean;
  };
  readonly projector: {
    /** Widths of the linear + batch norm + ReLU layers; the first one's output is `pre_feature`. */
    readonly hidden: readonly number[];
    /** Width of the projection. */
    readonly out: number;
  };
}

/** Five convolutions, 14.6 MFLOP a 16×16 patch, with the EMP-SSL head at a quarter of its width. */
export const compact: ModelConfig = {
  size: 16,
  encoder: { widths: [32, 64, 64, 128, 128], strides: [1, 2, 1, 2, 1], residual: false },
  projector: { hidden: [1024, 1024], out: 256 },
};

/** Rejects a configuration that cannot be built, naming the value. */
export function checkModel(config: ModelConfig): ModelConfig {
  const { size, encoder, projector } = config;
  const whole = (what: string, value: number, low: number, high: number) => {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new BagsslError(
        'bad-argument',
        `model: ${what} must be a whole number from ${low} to ${high}, got ${value}.`,
      );
    }
  };
  whole('size', size, 4, 1024);
  if (!encoder.widths.length || encoder.widths.length !== encoder.strides.length) {
    throw new BagsslError(
      'bad-argument',
      `model: the encoder needs one stride per width, got ${encoder.widths.length} widths and ${encoder.strides.length} strides.`,
    );
  }
  for (const width of encoder.widths) whole('an encoder width', width, 1, 8192);
  for (const stride of encoder.strides) whole('an encoder stride', stride, 1, 2);
  if (!projector.hidden.length) throw new BagsslError('bad-argument', 'model: the projector needs a hidden layer.');
  for (const width of projector.hidden) whole('a projector width', width, 1, 16384);
  whole('the projection', projector.out, 2, 16384);
  return config;
}
