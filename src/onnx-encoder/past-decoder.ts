import type { ModelSignature } from './model-signature.ts';

/** A model seen from behind the node that decodes the image file which it takes. */
export interface PastDecoder {
  /** Its only input is the decoder's output, pixels of uint8 [rows, columns, channels]. */
  readonly signature: ModelSignature;
  readonly channels: 'rgb' | 'bgr';
  /** The decoder's operator. */
  readonly operator: string;
}

/** ONNX's code of uint8. */
const UINT8 = 2;

/**
 * Where a model takes a file's bytes and decodes them itself, the rest of it, which takes pixels: no build of ONNX Runtime has ImageDecoder,
 * and only that with onnxruntime-extensions has DecodeImage. Undefined for any other model.
 */
export function pastDecoder(signature: ModelSignature): PastDecoder | undefined {
  const { inputs, nodes } = signature;
  const [input] = inputs;
  if (inputs.length !== 1 || input.type !== UINT8 || (input.dims && input.dims.length !== 1)) return undefined;
  const users = nodes.filter((node) => node.input.includes(input.name));
  const [{ opType = '', output, attribute } = { output: [], attribute: [] }] = users;
  if (users.length !== 1 || !['DecodeImage', 'ImageDecoder'].includes(opType)) return undefined;
  const said = attribute.find(({ name }) => name === 'color_space' || name === 'pixel_format')?.s;
  const format = said ? new TextDecoder().decode(said).toLowerCase() : opType === 'DecodeImage' ? 'bgr' : 'rgb';
  const pixels = { name: output[0], type: UINT8, dims: ['', '', format === 'grayscale' ? 1 : 3] };
  return {
    signature: { ...signature, inputs: [pixels] },
    channels: format === 'bgr' ? 'bgr' : 'rgb',
    operator: opType,
  };
}
