/** A colour: red, green and blue of linear light, or the values of an ink. */
type Values = ArrayLike<number>;

/** An ICC profile that is understood: what turns device values, each 0 to 1, into XYZ under D50, the profiles' common space. */
export interface IccProfile {
  /** Device values of a colour: 1 grey, 3 light, 4 inks. */
  readonly channels: number;
  toXyz(values: Values): [number, number, number];
}

type Curve = (value: number) => number;

/** The white of the profiles' common space. */
export const D50 = [0.9642, 1, 0.8249];

/**
 * Reads an ICC profile (ICC.1, versions 2 and 4) of grey or of red, green and blue by curves and a matrix, or of any device by a
 * table of 8 or 16 bits (`mft1`, `mft2`), for perceptual intent.
 * @returns undefined for one of another kind, or damaged
 */
export function iccProfile(bytes: Uint8Array): IccProfile | undefined {
  try {
    return readProfile(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readProfile(bytes: Uint8Array): IccProfile | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(36) !== 'acsp') return undefined;
  const tags = new Map<string, number>();
  for (let i = 0; i < Math.min(100, view.getUint32(128)); i++) {
    tags.set(text(132 + 12 * i), view.getUint32(136 + 12 * i));
  }
  const space = text(16);
  const table = tags.get('A2B0');
  if (table !== undefined) return tableProfile(view, table, text(table), text(20));
  const curves = ['r', 'g', 'b'].map((c) => tags.get(`${c}TRC`));
  const columns = ['r', 'g', 'b'].map((c) => tags.get(`${c}XYZ`));
  if (space === 'RGB ' && ![...curves, ...columns].includes(undefined)) {
    const [r, g, b] = curves.map((at) => curveAt(view, at!));
    const m = columns.map((at) => [0, 1, 2].map((k) => view.getInt32(at! + 8 + 4 * k) / 65536));
    return {
      channels: 3,
      toXyz(values) {
        const [x, y, z] = [r(values[0]), g(values[1]), b(values[2])];
        const sum = (k: number) => m[0][k] * x + m[1][k] * y + m[2][k] * z;
        return [sum(0), sum(1), sum(2)];
      },
    };
  }
  const grey = tags.get('kTRC');
  if (space !== 'GRAY' || grey === undefined) return undefined;
  const curve = curveAt(view, grey);
  return {
    channels: 1,
    toXyz(values) {
      const y = curve(values[0]);
      return [y * D50[0], y, y * D50[2]];
    },
  };
}

/** `curv` and `para`, 10.6 and 10.18. */
function curveAt(view: DataView, at: number): Curve {
  const count = view.getUint32(at + 8);
  if (view.getUint32(at) === 0x70617261) {
    const kind = view.getUint16(at + 8);
    const fixed = (k: number) => view.getInt32(at + 12 + 4 * k) / 65536;
    const g = fixed(0);
    if (kind === 0) return (x) => x ** g;
    const [a, b] = [fixed(1), fixed(2)];
    if (kind === 1) return (x) => (x >= -b / a ? (a * x + b) ** g : 0);
    const c = fixed(3);
    if (kind === 2) return (x) => (x >= -b / a ? (a * x + b) ** g + c : c);
    const d = fixed(4);
    const [e, f] = kind === 4 ? [fixed(5), fixed(6)] : [0, 0];
    return (x) => (x >= d ? (a * x + b) ** g + e : c * x + f);
  }
  if (count === 0) return (x) => x;
  if (count === 1) {
    const gamma = view.getUint16(at + 12) / 256;
    return (x) => x ** gamma;
  }
  return sampled(count, (k) => view.getUint16(at + 12 + 2 * k) / 65535);
}

/** A curve through equally spaced values. */
function sampled(count: number, read: (k: number) => number): Curve {
  const values = Float64Array.from({ length: count }, (_, k) => read(k));
  return (x) => {
    const place = Math.min(1, Math.max(0, x)) * (count - 1);
    const k = Math.min(count - 2, Math.floor(place));
    return values[k] + (place - k) * (values[k + 1] - values[k]);
  };
}

/** `mft1` and `mft2`, 10.10 and 10.11: curves, a grid of colours, curves. */
function tableProfile(view: DataView, at: number, kind: string, space: string): IccProfile | undefined {
  const [channels, out, points] = [8, 9, 10].map((k) => view.getUint8(at + k));
  if (!/^mft[12]$/.test(kind) || out !== 3 || channels < 1 || channels > 4 || points < 2) return undefined;
  const wide = kind === 'mft2';
  const [inputs, outputs] = wide ? [view.getUint16(at + 48), view.getUint16(at + 50)] : [256, 256];
  const size = wide ? 2 : 1;
  const value = wide ? (k: number) => view.getUint16(k) / 65535 : (k: number) => view.getUint8(k) / 255;
  const head = at + (wide ? 52 : 48);
  const grid = head + channels * inputs * size;
  const cells = points ** channels * 3;
  const tail = grid + cells * size;
  const series = (from: number, count: number) => (_: unknown, c: number) =>
    sampled(count, (k) => value(from + (c * count + k) * size));
  const before = Array.from({ length: channels }, series(head, inputs));
  const after = Array.from({ length: 3 }, series(tail, outputs));
  const colours = Float32Array.from({ length: cells }, (_, k) => value(grid + k * size));
  const toXyz =
    space === 'Lab '
      ? (lab: number[]) => labToXyz(lab, wide)
      : (xyz: number[]) => xyz.map((v) => v * (1 + 32767 / 32768));
  return {
    channels,
    toXyz: (values) => {
      const places = before.map((curve, c) => curve(values[c]) * (points - 1));
      return toXyz(between(colours, places, points).map((v, c) => after[c](v))) as [number, number, number];
    },
  };
}

/** The colour between the corners of a grid's cell, linear along each axis. */
function between(colours: Float32Array, places: readonly number[], points: number): number[] {
  const sum = [0, 0, 0];
  const cell = places.map((place) => Math.min(points - 2, Math.floor(place)));
  for (let corner = 0; corner < 1 << places.length; corner++) {
    let weight = 1;
    let index = 0;
    for (const [c, low] of cell.entries()) {
      const high = (corner >> c) & 1;
      const part = places[c] - low;
      weight *= high ? part : 1 - part;
      index = index * points + low + high;
    }
    if (weight > 0) for (let c = 0; c < 3; c++) sum[c] += weight * colours[index * 3 + c];
  }
  return sum;
}

/** Lab as tables hold it (6.3.4.2; 16 bits as version 2 has them) to XYZ. */
function labToXyz([l, a, b]: number[], wide: boolean): number[] {
  const scale = wide ? 65535 / 65280 : 1;
  const y = (l * 100 * scale + 16) / 116;
  const f = [y + (a * 255 * scale - 128) / 500, y, y - (b * 255 * scale - 128) / 200];
  return f.map((t, k) => D50[k] * (t > 6 / 29 ? t ** 3 : 3 * (6 / 29) ** 2 * (t - 4 / 29)));
}
