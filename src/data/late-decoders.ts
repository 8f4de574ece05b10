/** What a browser loads for a file that it does not decode itself, or not as others do. */
export { decodeHeic } from './decoders/heic.ts';
export { decodeInkJpeg, decodeTiff } from './decoders/utif.ts';
