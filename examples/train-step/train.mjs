// Trains with the files of `bagssl export --what step`, on onnxruntime-node alone. See docs/scale-out.md.
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** `batches` yields one Float32Array of patches a step, with as many numbers as step.json's `inputs.patches` says. */
export async function* train(folder, batches) {
  const manifest = JSON.parse(await readFile(`${folder}/step.json`, 'utf8'));
  const session = await InferenceSession.create(`${folder}/step.onnx`);
  const state = readState(await readFile(`${folder}/state.safetensors`));
  const { rate, warmup, budget } = manifest.schedule; // for a budget in steps and the cosine schedule
  let { step } = manifest.position;
  for await (const patches of batches) {
    const remaining = 0.5 * (1 + Math.cos((Math.PI * step) / budget.steps));
    step++;
    const given = {
      patches,
      rate: [rate * Math.min(1, step / warmup) * remaining],
      step: [step],
      remaining: [remaining],
    };
    const feeds = Object.entries(manifest.inputs).map(([name, shape]) => [name, tensor(given[name], shape)]);
    const results = await session.run({ ...state, ...Object.fromEntries(feeds) });
    for (const { input, output } of manifest.state) state[input] = results[output];
    yield { step, loss: results.loss.data[0], collapse: results.collapse.data[0], state };
  }
}

const tensor = (data, shape) => new Tensor('float32', Float32Array.from(data), shape);

/** safetensors: the header's length, the header, the numbers. */
function readState(bytes) {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = Object.entries(JSON.parse(bytes.toString('utf8', 8, start)));
  return Object.fromEntries(
    header.map(
      ([
        name,
        {
          shape,
          data_offsets: [from, to],
        },
      ]) => {
        const numbers = bytes.buffer.slice(bytes.byteOffset + start + from, bytes.byteOffset + start + to);
        return [name, tensor(new Float32Array(numbers), shape)];
      },
    ),
  );
}
