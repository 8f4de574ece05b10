/** What a browser loads for a HEIC or TIFF that it does not know itself. */
export { decodeHeic } from './decoders/heic.ts';
export { decodeTiff } from './decoders/utif.ts';
