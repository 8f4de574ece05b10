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
  /** So many steps; the loss before the last one's update. */
  steps(count: number): Promise<number>;
}

/** What a process says of itself; empty while it has nothing to say. */
export interface Reply {
  readonly ready?: { readonly threads: number; readonly adapter: string };
  /** Milliseconds a step, and the last step's loss. */
  readonly turn?: { readonly loss: number; readonly ms: number };
  readonly error?: string;
}
