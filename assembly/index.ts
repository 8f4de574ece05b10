export { blur } from './blur';
export { brightness, contrast, greyscale, saturation, solarise } from './colour';
export { copyInterleaved, copyPlanar } from './copy';
export { hue } from './hue';
export { heapBase } from './memory';
export { normalise } from './normalise';
export { columns, rowsInterleaved, rowsPlanar } from './resample';
