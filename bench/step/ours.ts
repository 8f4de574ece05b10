import { captured } from '../../src/engine/capture/captured.ts';
import { type Capturing, compile } from '../../src/engine/compile.ts';
import { checkDevice } from '../../src/runtime/device.ts';
import { ResidentState } from '../../src/runtime/resident-state.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { initialState } from '../../src/training/initial-state.ts';
import type { Candidate, Order } from './candidate.ts';
import { batchOf, type Network, stepModel } from './networks.ts';

/** bagssl on one device. */
export async function ours(network: Network, { device, threads }: Order): Promise<Candidate> {
  const runtime = await Runtime.open({ device: checkDevice(device), threads, onWarning: () => undefined });
  const { outputs, state } = stepModel(network);
  const capturing: Capturing = (lowered, plain, given) => captured(lowered, plain, runtime, undefined, given);
  const program = await compile(runtime, outputs, runtime.device === 'webgpu' ? capturing : undefined);
  const memory = await ResidentState.create(runtime, state, initialState(state, 1));
  const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
  const feeds = { patches: batchOf(network), rate: scalar(network.rate), step: scalar(1) };
  return {
    threads: runtime.threads,
    async steps(count) {
      for (let k = 1; k < count; k++) await memory.run(program, feeds, []);
      return (await memory.run(program, feeds, ['loss'])).loss[0];
    },
  };
}
