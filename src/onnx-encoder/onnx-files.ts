import { givenParts } from '../base/options.ts';
import type { InputPlan } from './input-plan.ts';
import type { OnnxEncoder } from './onnx-encoder.ts';

/**
 * The files that an encoder of an .onnx file is kept in, by their names: the model, the files of its weights, and a
 * preprocessor_config.json that says how pixels are prepared. In one folder they open as the same encoder.
 * @throws BagsslError `bad-argument`
 */
export function onnxFiles(encoder: OnnxEncoder): Readonly<Record<string, Uint8Array>> {
  givenParts(encoder, 'What onnxFiles is given', 'model', 'data', 'input');
  const { model, data, input } = encoder;
  const config = JSON.stringify(configOf(input), null, 1);
  return {
    'encoder.onnx': model,
    ...Object.fromEntries(data),
    'preprocessor_config.json': new TextEncoder().encode(`${config}\n`),
  };
}

/** As transformers' image processors mean it; `readConfig` reads it. */
function configOf({ rows, columns, fit, crop, range, mean, std, channels, interpolation }: InputPlan) {
  const sides = (share: number) => ({ height: Math.round(rows / share), width: Math.round(columns / share) });
  const isStretched = fit === 'stretch';
  return {
    do_resize: true,
    size: isStretched ? sides(crop) : { shortest_edge: Math.round(Math.min(rows, columns) / crop) },
    ...((!isStretched || crop < 1) && { do_center_crop: true, crop_size: sides(1) }),
    resample: interpolation === 'bicubic' ? 3 : 2,
    ...(range === 1 ? { do_rescale: true, rescale_factor: 1 / 255 } : { do_rescale: false }),
    do_normalize: true,
    image_mean: mean,
    image_std: std,
    ...(channels === 'bgr' && { do_flip_channel_order: true }),
  };
}
