import type { chooseDevice } from './choose-device.ts';
import type { DeviceChoice } from './device.ts';
import { movedBuild } from './moved-build.ts';
import type { Build, importBuild, OrtModules } from './ort-modules.ts';

/** What is loaded at first. */
export interface WorkerModuleTools {
  readonly importBuild: typeof importBuild;
  readonly chooseDevice: typeof chooseDevice;
}

/**
 * The URLs of ONNX Runtime's builds for a page's worker, which import maps do not reach and bundlers' names neither: from the page's
 * import map, or of the modules that the page would import itself. Undefined elsewhere: in Node and Deno imports find the builds.
 */
export async function workerModules(
  device: DeviceChoice = 'auto',
  tools: WorkerModuleTools,
): Promise<OrtModules | undefined> {
  if (!('document' in globalThis)) return undefined;
  const { resolve } = import.meta as { resolve?: (name: string) => string };
  const found: Partial<Record<Build, string>> = {};
  for (const name of await buildsOf(device, tools)) {
    try {
      found[name] = resolve!(name);
    } catch {
      const url = movedBuild(name) ?? (await tools.importBuild[name]().catch(() => undefined))?.address;
      // webpack gives the place of the source.
      if (url && !url.startsWith('file:')) found[name] = url;
    }
  }
  return found;
}

/** Those that a worker may come to use: a GPU may be lost. */
async function buildsOf(device: DeviceChoice, { chooseDevice }: WorkerModuleTools): Promise<readonly Build[]> {
  const chosen = device === 'auto' ? await chooseDevice(() => undefined) : device;
  if (chosen !== 'webgpu') return ['onnxruntime-web/wasm'];
  return ['onnxruntime-web/webgpu', 'onnxruntime-web/jspi', 'onnxruntime-web/wasm'];
}
