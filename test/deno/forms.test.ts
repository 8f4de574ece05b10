import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formsOf } from '../../src/engine/compile.ts';
import { measureForms } from '../../src/engine/measure-forms.ts';
import { findAdapter, Runtime } from '../../src/runtime.ts';

const adapter = await findAdapter();
const skip = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;

it('an adapter is given forms that were measured, each kind with one that any node allows', { skip }, async () => {
  const runtime = await Runtime.open({ device: 'webgpu' });
  for (const forms of [await measureForms(runtime, 2), await formsOf(runtime)]) {
    for (const kind of ['smallImages', 'largeImages', 'oneImage'] as const) {
      assert.ok(
        forms[kind].some((form) => form === 'direct' || form === 'columns'),
        `${kind}: ${forms[kind]}`,
      );
    }
    assert.equal(forms.sum, 'adds');
  }
});
