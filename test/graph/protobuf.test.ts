import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ModelProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { FILE_MODEL, FILE_TENSOR } from '../../src/graph/file-proto.ts';
import { conv, relu, reshape } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { readMessage } from '../../src/graph/protobuf/read.ts';
import { writeMessage } from '../../src/graph/protobuf/write.ts';
import { onnxModel, writeModel } from '../../src/graph/write-onnx.ts';
import { randoms } from '../support/random.ts';

/** What another library reads, as a `Found` of the fields in the table. */
function plain(message: object, fields: object): unknown {
  const proto = message as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, [, kind, list]]) => {
      // bufbuild keeps a oneof as { case, value }.
      const one = (value: unknown): unknown => {
        if (typeof kind === 'object') return plain(value as object, kind);
        return kind === 'int' ? Number(value) : value;
      };
      const { case: chosen, value } = (proto.value ?? {}) as { case?: string; value?: unknown };
      const held = chosen === name ? value : Object.hasOwn(proto, name) ? proto[name] : undefined;
      if (list) return [name, ((held ?? []) as unknown[]).map(one)];
      return [name, held === undefined ? undefined : one(held)];
    }),
  );
}

describe('the protocol buffers of .onnx files', () => {
  it('are read as another library reads them', () => {
    const folder = 'test/golden/own-encoders';
    const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
    assert.ok(files.length > 3);
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(`${folder}/${file}`));
      const { graph, opsetImport } = readMessage(FILE_MODEL, bytes);
      const other = fromBinary(ModelProtoSchema, bytes);
      assert.deepEqual({ opsetImport }, plain(other, { opsetImport: FILE_MODEL.opsetImport }), file);
      const [, fields] = FILE_MODEL.graph;
      const { initializer: tensors, ...rest } = graph!;
      const { initializer: known, ...others } = plain(other.graph!, fields) as NonNullable<typeof graph>;
      assert.deepEqual(rest, others, file);
      assert.deepEqual(
        tensors.map(({ externalData, segment, ...tensor }) => tensor),
        known.map(({ externalData, segment, ...tensor }) => tensor),
        file,
      );
    }
  });

  it('are written so that another library reads the same values', () => {
    const graph = createGraph();
    const w = graph.constant(randoms(1, 4 * 27), [4, 3, 3, 3], 'w');
    const x = graph.input('x', [2, 3, 5, 5]);
    const model = onnxModel({
      y: reshape(relu(conv(x, w, { strides: [2, 1], pads: [0, 1, 1, 1], dilations: [1, 1] })), [2, -1]),
    });
    const other = fromBinary(ModelProtoSchema, writeModel(model));
    assert.deepEqual(plain(other, FILE_MODEL), readMessage(FILE_MODEL, writeModel(model)));
    assert.equal(other.graph!.node[0].attribute.find(({ name }) => name === 'pads')?.ints.join(), '0,1,1,1');
    assert.deepEqual(new Float32Array(other.graph!.initializer[0].rawData.slice().buffer), randoms(1, 4 * 27));
  });

  it('read back, with whole numbers up to ±2⁵³ and any length', () => {
    const int = fc.maxSafeInteger();
    const tensor = fc.record(
      {
        name: fc.string({ unit: 'binary', maxLength: 300 }),
        dataType: fc.integer(),
        dims: fc.array(int, { maxLength: 40 }),
        floatData: fc.array(fc.float({ noNaN: true }), { maxLength: 100 }),
        doubleData: fc.array(fc.double({ noNaN: true }), { maxLength: 100 }),
        rawData: fc.uint8Array({ maxLength: 20000 }),
      },
      { requiredKeys: ['dims', 'floatData', 'doubleData'] },
    );
    const none = {
      segment: undefined,
      int32Data: [],
      int64Data: [],
      uint64Data: [],
      externalData: [],
      dataLocation: undefined,
    };
    fc.assert(
      fc.property(tensor, (message) => {
        const bytes = writeMessage(FILE_TENSOR, message);
        const found = readMessage(FILE_TENSOR, bytes);
        const full = { name: undefined, dataType: undefined, rawData: undefined, ...none, ...message };
        assert.deepEqual(found, full);
        const { dims, name } = fromBinary(TensorProtoSchema, bytes);
        assert.deepEqual([dims.map(Number), name], [message.dims, message.name ?? '']);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('may have lists packed or not, and fields that are not used here', () => {
    const dims = [3, -1, 2 ** 40];
    const unpacked = toBinary(
      TensorProtoSchema,
      create(TensorProtoSchema, { dims: dims.map(BigInt), docString: 'text', floatData: [0.5] }),
    );
    assert.notDeepEqual(unpacked, writeMessage(FILE_TENSOR, { dims, floatData: [0.5] }));
    const { dims: found, floatData } = readMessage(FILE_TENSOR, unpacked);
    assert.deepEqual({ dims: found, floatData }, { dims, floatData: [0.5] });
  });

  it('are refused if a length, a number or a kind is invalid', () => {
    for (const [what, ...bytes] of [
      ['bytes beyond the end', 0x4a, 5, 1, 2],
      ['a length that ends nowhere', 0x4a, 0xff, 0xff],
      ['a length of 2⁶³', 0x4a, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 7],
      ['a number of more than ten bytes', 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
      ['text where a number belongs', 0x12, 1, 65],
      ['a number where text belongs', 0x40, 1],
      ['a list that ends within a number', 0x22, 5, 0, 0, 0, 0, 0, 0, 0, 0],
      ['a field that is passed over, beyond the end', 0x62, 9, 1],
      ['a group', 0x63, 0x64],
      ['field 0', 0x00, 0x01],
    ] as const) {
      assert.throws(() => readMessage(FILE_TENSOR, Uint8Array.from(bytes)), Error, what);
    }
    assert.equal(readMessage(FILE_TENSOR, Uint8Array.of(0x4a, 2, 1, 2)).rawData?.length, 2);
  });

  it('do not allocate memory beyond the bytes present', () => {
    const fields = { list: [1, { list: [1, 'int', 'list'], text: [2, 'string'] }, 'list'] } as const;
    const bytes = new Uint8Array(200_000).map((_, i) => (i % 2 ? 0 : 0x0a));
    const before = process.memoryUsage().heapUsed;
    const found = readMessage(fields, bytes);
    const grown = process.memoryUsage().heapUsed - before;
    assert.equal(found.list.length, 100_000);
    assert.ok(grown < 100 * bytes.length, `${grown} bytes`);
  });
});
