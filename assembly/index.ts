export { brightness, contrast, greyscale, saturation } from './colour';
export { copyPlanar, copyRgba } from './copy';
export { hue } from './hue';
export { heapBase } from './memory';
export { normalise } from './normalise';
export { columns, rowsPlanar, rowsRgba } from './resample';
