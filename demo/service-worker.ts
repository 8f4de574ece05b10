/**
 * Lets the demos run from any static host, and offline. It adds the headers that make a page cross-origin isolated, which threads
 * need, and keeps the files of one build of the site to serve them when the network fails.
 */

/** Set when the site is built. */
declare const FILES: readonly string[];
declare const VERSION: string;
declare const ORT: string;

/** The parts of a service worker that TypeScript's DOM library lacks. */
interface Scope extends EventTarget {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = globalThis as unknown as Scope;
const SITE = `bagssl-demo-${VERSION}`;
const ENGINE = `bagssl-demo-${ORT}`;

scope.addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(SITE);
    await cache.addAll(FILES.map((file) => new Request(file, { cache: 'no-cache' })));
    await scope.skipWaiting();
  };
  (event as Extendable).waitUntil(keep());
});

scope.addEventListener('activate', (event) => {
  const tidy = async () => {
    const old = (await caches.keys()).filter(
      (name) => name.startsWith('bagssl-demo-') && ![SITE, ENGINE].includes(name),
    );
    await Promise.all(old.map((name) => caches.delete(name)));
    await scope.clients.claim();
  };
  (event as Extendable).waitUntil(tidy());
});

scope.addEventListener('fetch', (event) => {
  const { request } = event as Fetching;
  if (request.method !== 'GET' || new URL(request.url).origin !== location.origin) return;
  (event as Fetching).respondWith(answer(request).then(isolated));
});

async function answer(request: Request): Promise<Response> {
  const kept = await caches.match(request, { ignoreSearch: true });
  // A build of ONNX Runtime never changes at its address.
  if (kept && request.url.includes(`/${ORT}/`)) return kept;
  try {
    const found = await fetch(request);
    if (found.ok && request.url.includes(`/${ORT}/`)) {
      const copy = found.clone();
      await caches
        .open(ENGINE)
        .then((cache) => cache.put(request.url, copy))
        .catch(() => undefined); // no room: it works anyway
    }
    return found;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function isolated(response: Response): Response {
  if (response.status === 0) return response; // not ours to read
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText, body } = response;
  return new Response(body, { status, statusText, headers });
}
