import { BagsslError } from '../base/errors.ts';
import { isA } from '../base/values.ts';
import { otherFormat } from '../formats/other-format.ts';

/** Why an encoder's file cannot be read: what it is instead, where its beginning shows that it is no file of safetensors. */
export function unreadable(bytes: Uint8Array, cause: unknown): unknown {
  const instead = isA(bytes, 'Uint8Array') && bytes[8] !== 0x7b && otherFormat(bytes);
  return instead ? new BagsslError('bad-checkpoint', `The encoder's file is ${instead}.`, { cause }) : cause;
}
