import { BagsslError } from '../base/errors.ts';

/**
 * `work`, or an error when the page's Content-Security-Policy forbids a worker meanwhile: ORT would wait for its threads for
 * ever.
 * @throws BagsslError `device-unavailable`
 */
export async function unlessBlocked<T>(work: () => Promise<T>): Promise<T> {
  if (!('SecurityPolicyViolationEvent' in globalThis)) return work();
  let listen: ((event: SecurityPolicyViolationEvent) => void) | undefined;
  const blocked = new Promise<never>((_, reject) => {
    listen = ({ effectiveDirective, disposition }) => {
      if (effectiveDirective !== 'worker-src' || disposition !== 'enforce') return;
      reject(
        new BagsslError(
          'device-unavailable',
          "The page's Content-Security-Policy forbids the workers that ONNX Runtime's threads run in. Allow worker-src 'self' " +
            '(and blob: where its files come from another origin), or give threads: 1; then load the page anew.',
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
