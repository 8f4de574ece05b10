import { find } from './dom.ts';
import { afterLoss, askedDevice, chooseEngine, type Engine, engineFile } from './engine.ts';
import { cardStopped } from './explain.ts';
import { complain } from './say.ts';

/** Seconds after loading when the engine is fetched for offline use. */
const QUIET_SECONDS = 4;

/**
 * What every page does first: it shows in the footer what it computes on, and saves the site for offline use. Resolves to the
 * engine.
 */
export async function startPage(): Promise<Engine> {
  const touched = firstTouch();
  const engine = chooseEngine(askedDevice());
  void engine.then(({ note }) => {
    find('#engine').textContent = note;
  });
  void keepSite(touched, engine).catch(() => undefined); // a private window may refuse; the page works anyway
  return engine;
}

/** Tells the user that the page continues without the graphics card. */
export function sayCardStopped(): void {
  find('#engine').textContent = afterLoss().note;
  complain(cardStopped());
}

async function keepSite(touched: () => boolean, engine: Promise<Engine>): Promise<void> {
  const { serviceWorker } = navigator;
  if (!serviceWorker) return;
  const script = new URL('../service-worker.js', import.meta.url);
  await serviceWorker.register(script, { updateViaCache: 'none' });
  await serviceWorker.ready;
  await controlled(serviceWorker);
  // If the host does not send the isolation headers, the service worker adds them from the next load on.
  if (!crossOriginIsolated && !touched() && !sessionStorage.getItem('isolating')) {
    sessionStorage.setItem('isolating', 'yes');
    location.reload();
    return;
  }
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  await new Promise((resolve) => setTimeout(resolve, QUIET_SECONDS * 1000));
  const response = await fetch(engineFile((await engine).device), { priority: 'low' });
  await response.body?.cancel(); // the service worker has kept it before it answers; the page needs none of it
}

function controlled(serviceWorker: ServiceWorkerContainer): Promise<void> {
  if (serviceWorker.controller) return Promise.resolve();
  return new Promise((resolve) => {
    serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
  });
}

/** Whether the user has done anything on the page that a reload would lose. */
function firstTouch(): () => boolean {
  let touched = false;
  for (const event of ['pointerdown', 'keydown', 'drop', 'change']) {
    addEventListener(event, () => (touched = true), { once: true, capture: true });
  }
  return () => touched;
}
