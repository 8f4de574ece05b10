import { VERSION } from '../src/index.ts';
import { findAdapter, Runtime } from '../src/runtime.ts';
import type { Command } from './options.ts';
import { JSON_OPTION, printJson } from './shared.ts';

export const doctor: Command = {
  summary: 'say what this machine offers, and what would make it faster',
  options: { json: JSON_OPTION },
  async run(values) {
    const adapter = await findAdapter();
    const warnings: string[] = [];
    const runtime = await Runtime.open({ onWarning: (message) => warnings.push(message) });
    const native = await Runtime.open({ device: 'native' }).then(
      () => true,
      () => false,
    );
    const report = {
      version: VERSION,
      platform: platformName(),
      device: runtime.device,
      threads: runtime.threads,
      webgpu: 'none' in adapter ? { available: false, why: adapter.none } : { available: true, ...adapter },
      native,
      notes: warnings,
    };
    if (values.flag('json')) {
      printJson(report);
      return;
    }
    const lines = [
      `bagssl ${report.version} on ${report.platform}`,
      `trains on   ${report.device}, ${report.threads} thread${report.threads === 1 ? '' : 's'}`,
      `WebGPU      ${'none' in adapter ? `no: ${adapter.none}` : `${adapter.name}${adapter.software ? ' (software)' : ''}${adapter.halfFloats ? ', float16' : ''}`}`,
      `native      ${native ? 'onnxruntime-node is installed' : 'no: install onnxruntime-node for the fastest CPU engine'}`,
      ...warnings.map((warning) => `note        ${warning}`),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  },
};

function platformName(): string {
  const { deno, node } = process.versions as { deno?: string; node: string };
  return `${deno ? `Deno ${deno}` : `Node ${node}`}, ${process.platform} ${process.arch}`;
}
