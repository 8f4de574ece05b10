import { BagsslError } from '../base/errors.ts';

/** Why the package's own encoder could not be opened, with the settings that mend it. */
export function noEncoder(cause: unknown): unknown {
  if (!(cause instanceof BagsslError) || cause.code !== 'bad-data') return cause;
  const advice =
    "It is encoder.safetensors of bagssl: serve it there, beside the package's modules, or give its address as encoder. " +
    "Vite's dev server may need optimizeDeps: { exclude: ['bagssl'] }, and Next.js on the server serverExternalPackages: ['bagssl'].";
  return new BagsslError(cause.code, `${cause.message} ${advice}`, { cause });
}
