import type { Device } from '../../src/runtime/device.ts';
import type { GpuCalls } from './gpu-calls.ts';

/** What one process is asked to measure. */
export interface Order {
  readonly engine: 'bagssl' | 'tfjs' | 'jax-js';
  readonly device: Device | 'cpu';
  readonly threads?: number;
  /** Its index in NETWORKS. */
  readonly network: number;
  /** Patches of the batch; default: the network's. */
  readonly patches?: number;
}

/** An engine that is ready to train. */
export interface Candidate {
  readonly threads: number;
  /** Runs `count` steps; resolves with the loss before the last update. */
  steps(count: number): Promise<number>;
}

/** What a process reports; empty if there is nothing yet. */
export interface Reply {
  readonly ready?: { readonly threads: number; readonly adapter: string };
  /** Milliseconds a step, the last step's loss, and on WebGPU a step's calls. */
  readonly turn?: { readonly loss: number; readonly ms: number; readonly gpu?: GpuCalls };
  readonly error?: string;
}
