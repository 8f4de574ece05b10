import { existsSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export const MIB = 2 ** 20;

/**
 * Collects garbage, so that readings show only what is in use. A destroyed GPU device is held by its JavaScript objects,
 * which are collected one generation after the other, and by promises that settle in between.
 */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let k = 0; k < 4; k++) {
    collect();
    await setTimeout(100);
  }
}

/** One line of the kernel's status of this process, MiB. */
export function status(line: 'VmRSS' | 'VmHWM'): number | undefined {
  const account = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kib = account.match(new RegExp(`^${line}:\\s*(\\d+) kB`, 'm'))?.[1];
  return kib ? Number(kib) / 1024 : undefined;
}

/** The size of this thread's WebAssembly memories, MiB; they never shrink. */
export function watchHeaps(): () => number {
  const made: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  return () => made.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) / MIB;
}

/** Number and MiB of the live GPU buffers, if there is WebGPU. */
export function watchBuffers(): () => { gpu_buffers?: number; gpu_mib?: number } {
  if (!('GPUDevice' in globalThis)) return () => ({});
  const alive = new Set<GPUBuffer>();
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    alive.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    alive.delete(this);
    return destroy.call(this);
  };
  return () => ({ gpu_buffers: alive.size, gpu_mib: [...alive].reduce((sum, { size }) => sum + size, 0) / MIB });
}
