// The parts of the default network, apart from the other presets: a worker that names no preset then holds none.

export const compactEncoder = {
  kind: 'conv',
  widths: [32, 64, 64, 128, 128],
  strides: [1, 2, 1, 2, 1],
  residual: false,
} as const;

export const compactProjector = { hidden: [1024, 1024], out: 256 } as const;
