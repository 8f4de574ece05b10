import { axisOf, mismatch } from '../shapes.ts';
import { type FoldingRule, numbers, offset, places } from './constants.ts';

/** (x − zero)·scale: of the whole tensor, of each slice along an axis, or of each block of slices (opset 21). */
export const dequantized: FoldingRule = ({ inputs: [x, scale, zero], attributes: { axis = 1, block_size = 0 } }) => {
  const block = block_size as number;
  const perAxis = scale.shape.length > 0 && scale.data!.length > 1;
  const along = perAxis ? axisOf('DequantizeLinear', axis as number, x.shape.length) : 0;
  const fits = !perAxis || (block ? scale.shape.length === x.shape.length : scale.shape[0] === x.shape[along]);
  if (!fits) throw mismatch('DequantizeLinear', 'do not fit', x, scale);
  const values = () => {
    const [own, factors, zeros] = [x, scale, zero].map((v) => v && numbers(v));
    return places(x.shape, (index) => {
      const at = !perAxis
        ? 0
        : block
          ? offset(scale.shape, index.with(along, Math.floor(index[along] / block)))
          : index[along];
      return (own[offset(x.shape, index)] - (zeros?.[at] ?? 0)) * factors[at];
    });
  };
  return { dtype: 'float32', shape: x.shape, values };
};
