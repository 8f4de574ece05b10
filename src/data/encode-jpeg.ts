import { BagsslError } from '../base/errors.ts';
import { packageWasm } from './package-wasm.ts';

type Encode = typeof import('@jsquash/jpeg/encode.js');

let loading: Promise<Encode['default']> | undefined;

/** Baseline JPEG with the standard's own tables (Annex K) and halved colours (4:2:0), as most programs write it. */
const PLAIN = {
  ...{ baseline: true, progressive: false, quant_table: 0, auto_subsample: false, chroma_subsample: 2 },
  ...{ trellis_multipass: false, trellis_opt_zero: false, trellis_opt_table: false },
};

/**
 * A JPEG file, by @jsquash/jpeg. For Node and Deno.
 * @param rgba 4 bytes a pixel
 * @param quality 0 to 100
 * @throws BagsslError `missing-dependency`
 */
export async function encodeJpeg(
  rgba: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  height: number,
  quality: number,
): Promise<Uint8Array> {
  loading ??= load();
  const encode = await loading;
  return new Uint8Array(await encode({ data: rgba, width, height } as ImageData, { ...PLAIN, quality }));
}

async function load(): Promise<Encode['default']> {
  try {
    const { default: encode, init } = await import('@jsquash/jpeg/encode.js');
    await (init as (module: WebAssembly.Module) => Promise<void>)(
      await packageWasm('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'),
    );
    return encode;
  } catch (cause) {
    throw new BagsslError(
      'missing-dependency',
      `@jsquash/jpeg could not be loaded (${(cause as Error).message}). Install it: npm install @jsquash/jpeg.`,
      { cause },
    );
  }
}
