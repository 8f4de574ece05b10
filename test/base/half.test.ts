import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBfloat16, fromHalf, toHalf } from '../../src/base/half.ts';

const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe('half floats', () => {
  it('have the values IEEE 754 gives them', () => {
    const known = [0x3c00, 0xc000, 0x3555, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00, 0x8000, 0x7e00];
    const values = [1, -2, 0.333251953125, 65504, 2 ** -14, 1023 * 2 ** -24, 2 ** -24, Infinity, -Infinity, -0, NaN];
    assert.deepEqual([...fromHalf(Uint16Array.from(known))], values);
    assert.deepEqual([...toHalf(values)], known);
  });

  it('come back from their values, all 65,536 of them', () => {
    const back = toHalf(fromHalf(all));
    for (const bits of all) {
      const isNumber = (bits & 0x7fff) <= 0x7c00;
      assert.equal(isNumber ? back[bits] : back[bits] & 0x7fff, isNumber ? bits : 0x7e00);
    }
  });

  it('are the nearest to a value between two of them, the even one in the middle', () => {
    // The value after the largest half float would be 65,536: there the middle goes to infinity.
    const values = [...fromHalf(all.subarray(0, 0x7c00)), 65536];
    for (let low = 0; low < 0x7c00; low++) {
      const middle = (values[low] + values[low + 1]) / 2;
      const step = (values[low + 1] - values[low]) / 1024;
      const even = low % 2 === 0 ? low : low + 1;
      assert.deepEqual([...toHalf([middle - step, middle, middle + step])], [low, even, low + 1]);
      assert.deepEqual([...toHalf([-middle])], [even | 0x8000]);
    }
    assert.deepEqual([...toHalf([1e30, 1e-30, -1e-30])], [0x7c00, 0, 0x8000]);
  });

  it('of the bfloat kind are the upper half of a float32', () => {
    assert.deepEqual(
      [...fromBfloat16(Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x7f80, 0x0080))],
      [1, -2, 3.140625, Infinity, 2 ** -126],
    );
  });
});
