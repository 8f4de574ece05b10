import { type Diagnostics, diagnostics } from '../src/index.ts';
import type { Command } from './command.ts';
import { JSON_OPTION, printJson } from './shared.ts';

export const doctor: Command = {
  summary: 'show what this machine offers and what would make it faster',
  options: { json: JSON_OPTION },
  async run(values) {
    const report = await diagnostics();
    if (values.flag('json')) printJson(report);
    else process.stdout.write(`${lines(report).join('\n')}\n`);
  },
};

function lines(report: Diagnostics): string[] {
  const { version, platform, device, threads, adapter } = report;
  const line = (what: string, { available, why }: Diagnostics['native'], found = 'yes') =>
    `${what.padEnd(12)}${available ? found : `no: ${why}`}`;
  return [
    `bagssl ${version} on ${platform}`,
    `${'runs on'.padEnd(12)}${device}, ${threads} thread${threads === 1 ? '' : 's'}`,
    line('WebGPU', report.webgpu, adapter?.name),
    line('native', report.native),
    line('threads', report.wasmThreads),
    line('SIMD', report.simd),
    line('float16', report.halfFloats),
  ];
}
