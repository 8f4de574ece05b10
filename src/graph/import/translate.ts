import { BagsslError } from '../../base/errors.ts';
import type { Value } from '../graph.ts';
import { OPERATORS } from '../ops/index.ts';
import { FOREIGN } from './foreign-operators.ts';
import { checkAttributes } from './known-attributes.ts';
import { asItIs, type Operation } from './operation.ts';
import { OWN } from './own-operators.ts';

/**
 * Appends to the graph what a node of a file of any supported opset means. A graph's own operators are applied as they are, unless
 * the file may write them in another form; foreign operators are expressed by a graph's own.
 */
export function translate(operation: Operation): readonly Value[] {
  const { type, opset, attributes } = operation;
  checkOperator(type, opset, attributes);
  const own = entry(FOREIGN, type)?.translate ?? entry(OWN, type) ?? asItIs;
  return own(operation);
}

/**
 * Refuses an operator that is not known, or not in this form, whatever its operands.
 * @throws BagsslError `unsupported-operator`
 */
export function checkOperator(type: string, opset: number, attributes: Operation['attributes']): void {
  const isForeign = entry(FOREIGN, type) !== undefined;
  const operator = OPERATORS.get(type);
  if (isForeign || operator) checkAttributes(type, attributes);
  if (isForeign || entry(OWN, type)) return;
  if (!operator) {
    const domain = type.slice(0, Math.max(0, type.lastIndexOf('.')));
    if (domain) {
      throw new BagsslError(
        'unsupported-operator',
        `${type.slice(domain.length + 1)} of the domain "${domain}" is not supported; end the network before it, or export it without.`,
      );
    }
    const known = [...new Set([...OPERATORS.keys(), ...Object.keys(FOREIGN)])]
      .filter((name) => !name.includes('.'))
      .sort();
    throw new BagsslError(
      'unsupported-operator',
      `there is no gradient rule for ${type}. Supported are ${known.join(', ')}; end the network before it, or replace it.`,
    );
  }
  if (opset < operator.since) {
    throw new BagsslError(
      'unsupported-operator',
      `${type} is supported as ONNX defines it since opset ${operator.since}, and the file is written in opset ${opset}; export it in a newer one.`,
    );
  }
}

/** Whether the k-th operand of an operator is one of its `settings`, and so must be constant. */
export const isSetting = (type: string, k: number): boolean =>
  type === 'If' ? k === 0 : ((entry(FOREIGN, type) ?? OPERATORS.get(type))?.settings.includes(k) ?? false);

const entry = <T>(table: Readonly<Record<string, T>>, type: string): T | undefined =>
  Object.hasOwn(table, type) ? table[type] : undefined;
