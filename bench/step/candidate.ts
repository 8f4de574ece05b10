import type { Device } from '../../src/runtime/device.ts';

/** What one process is asked to measure. */
export interface Order {
  readonly engine: 'bagssl' | 'tfjs' | 'jax-js';
  readonly device: Device | 'cpu';
  readonly threads?: number;
  /** Its index in NETWORKS. */
  readonly network: number;
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
  /** Milliseconds a step, and the last step's loss. */
  readonly turn?: { readonly loss: number; readonly ms: number };
  readonly error?: string;
}
