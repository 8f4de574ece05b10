import { FUNCTION, LIMIT, type Rules } from '../base/options.ts';
import type { Decoder } from './decoder.ts';

/** How an image file is decoded. */
export interface DecodeOptions {
  /** The image is shrunk by the largest whole factor that keeps its shorter side at least this, in pixels. Default 256. */
  readonly shortSide?: number;
  /** The largest image that is decoded, width × height as its header says. Default and maximum: 100 million. */
  readonly mostPixels?: number;
  /** Default: the browser's own; in Node sharp if it is installed; otherwise WebAssembly. */
  readonly decoder?: Decoder;
  /** Called with what is wrong with a file that decodes all the same, such as a JPEG cut short, as a sentence that names the file, and its name. */
  readonly onWarning?: (message: string, file: string) => void;
}

export const DECODE_RULES: Rules<DecodeOptions> = {
  shortSide: LIMIT,
  mostPixels: LIMIT,
  decoder: FUNCTION,
  onWarning: FUNCTION,
};
