import { BagsslError } from '../base/errors.ts';

/** Why an embedder could not be opened, with what mends it. @param given whether the encoder is not the package's own */
export function notOpened(cause: unknown, given: boolean): unknown {
  const { code = undefined, message = '' } = cause instanceof BagsslError ? cause : {};
  // The errors differ by how the Worker was bundled; the reason is one.
  if (globalThis.navigator?.userAgent === 'Cloudflare-Workers' && code !== 'bad-argument' && code !== 'aborted') {
    const advice =
      'Cloudflare Workers compile no WebAssembly at run time, so ONNX Runtime cannot start. Embed in the page, or on a server or in a container with Node or Deno; SearchIndex works here.';
    return new BagsslError('device-unavailable', advice, { cause });
  }
  if (given || code !== 'bad-data') return cause;
  const advice =
    "It is encoder.safetensors of bagssl: serve it there, beside the package's modules, or give its address as encoder. " +
    "Vite's dev server may need optimizeDeps: { exclude: ['bagssl'] }, and Next.js on the server serverExternalPackages: ['bagssl'].";
  return new BagsslError(code, `${message} ${advice}`, { cause });
}
