import type * as Ort from 'onnxruntime-web';
import { BagsslError } from '../base/errors.ts';
import { exclusively, type OrtModule } from './ort.ts';

/** A session of ONNX Runtime, created alone in this realm. */
export const createSession = (
  ort: OrtModule,
  model: Uint8Array,
  options: Ort.InferenceSession.SessionOptions,
): Promise<Ort.InferenceSession> =>
  exclusively(() => keepingWorker(() => unlessBlocked(() => ort.InferenceSession.create(model, options))));

/** In Deno, ORT's start replaces the global Worker with Node's; later code needs the web's. */
async function keepingWorker<T>(create: () => Promise<T>): Promise<T> {
  const { Worker } = globalThis;
  try {
    return await create();
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
          "The page's Content-Security-Policy forbids the workers that ONNX Runtime's threads run in. Allow worker-src 'self' " +
            '(and blob: where its files come from another origin), or set threads: 1; then reload the page.',
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
