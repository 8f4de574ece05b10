import { movedFrom } from '../threads/node-threads.ts';
import type { Build } from './ort-modules.ts';

/** Where a build is that Vite's dev server has moved; undefined elsewhere. */
export function movedBuild(name: Build): string | undefined {
  const from = movedFrom();
  return from && `${from}onnxruntime-web/dist/ort.${name.split('/')[1]}.bundle.min.mjs`;
}
