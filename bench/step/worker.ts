import { findAdapter } from '../../src/runtime/device.ts';
import type { Candidate, Order, Reply } from './candidate.ts';
import { countGpuCalls, perStep } from './gpu-calls.ts';
import { networkOf } from './networks.ts';

// One process (or page) measures one engine: it prepares, then trains as many steps as it is asked for, again and again, so
// that the processes can take turns. It is bundled for each platform and gets the address of the bench.
const makers = {
  bagssl: async () => (await import('./ours.ts')).ours,
  tfjs: async () => (await import('./tfjs.ts')).tfjs,
  'jax-js': async () => (await import('./jax.ts')).jax,
};

const bench = 'document' in globalThis ? location.href : process.argv[2];

/** Reports what happened and waits for the next task. */
async function report(reply: Reply): Promise<{ steps: number } & Partial<Order>> {
  const answer = await fetch(bench, { method: 'POST', body: JSON.stringify(reply) });
  return answer.json();
}

async function open(order: Order): Promise<[Candidate, Reply]> {
  const make = await makers[order.engine]();
  const adapter = order.device === 'webgpu' ? await findAdapter() : undefined;
  const candidate = await make(networkOf(order), order);
  return [
    candidate,
    { ready: { threads: candidate.threads, adapter: adapter && 'name' in adapter ? adapter.name : 'cpu' } },
  ];
}

async function serve() {
  const order = (await report({})) as unknown as Order;
  const calls = order.device === 'webgpu' ? countGpuCalls() : undefined;
  const [candidate, ready] = await open(order);
  let reply: Reply = ready;
  for (;;) {
    const { steps } = await report(reply);
    reply = {};
    if (steps === 0) continue;
    calls?.();
    const started = performance.now();
    const loss = await candidate.steps(steps);
    const ms = (performance.now() - started) / steps;
    reply = { turn: { loss, ms, ...(calls && { gpu: perStep(calls(), steps) }) } };
  }
}

serve().catch((error) => report({ error: `${error?.message ?? error}`.slice(0, 300) }));
