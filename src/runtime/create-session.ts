import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import type { OrtModule } from './ort.ts';

/** A session of ONNX Runtime; to be called `exclusively`. */
export async function createSession(
  ort: OrtModule,
  model: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<Ort.InferenceSession> {
  // In Deno, ORT's start replaces the global Worker with Node's; later code needs the web's.
  const { Worker } = globalThis;
  try {
    return await unlessBlocked(() => ort.InferenceSession.create(model, options));
  } finally {
    if (Worker) globalThis.Worker = Worker;
  }
}

/**
 * `work`, or an error if the page's Content-Security-Policy forbids a worker meanwhile: ORT would wait for its threads forever.
 * @throws BagsslError `device-unavailable`
 */
async function unlessBlocked<T>(work: () => Promise<T>): Promise<T> {
  if (!('SecurityPolicyViolationEvent' in globalThis)) return work();
  let listen: ((event: SecurityPolicyViolationEvent) => void) | undefined;
  const blocked = new Promise<never>((_, reject) => {
    listen = ({ effectiveDirective, disposition }) => {
      if (effectiveDirective !== 'worker-src' || disposition !== 'enforce') return;
      reject(
        new BagsslError(
          'device-unavailable',
          "The page's Content-Security-Policy forbids the workers of ONNX Runtime's threads. Allow worker-src 'self' " +
            '(and blob: if its files are of another origin), or set threads: 1; then reload the page.',
        ),
      );
    };
    addEventListener('securitypolicyviolation', listen);
  });
  try {
    return await Promise.race([work(), blocked]);
  } finally {
    removeEventListener('securitypolicyviolation', listen!);
  }
}
