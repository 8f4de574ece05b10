import { BagsslError } from '../../base/errors.ts';
import type { FileAttribute } from './nodes.ts';

const WINDOW = 'auto_pad dilations kernel_shape pads strides';
/** Of every reduction. */
const REDUCTION = 'axes keepdims noop_with_empty_axes';

/**
 * The attributes of each operator that are understood, or have no effect here; `name=value`: only with that value. Operators that
 * are not listed have none. An attribute that is ignored would make the network silently wrong.
 */
const KNOWN: Readonly<Record<string, string>> = {
  Attention: 'is_causal kv_num_heads q_num_heads qk_matmul_output_mode=0 scale softcap softmax_precision',
  AveragePool: `${WINDOW} ceil_mode count_include_pad`,
  BatchNormalization: 'epsilon momentum spatial=1 training_mode=0',
  Cast: 'to saturate round_mode',
  CastLike: 'saturate round_mode',
  Celu: 'alpha',
  Clip: 'min max',
  Concat: 'axis',
  Constant: 'value value_float value_floats value_int value_ints',
  ConstantOfShape: 'value',
  Conv: `${WINDOW} group`,
  ConvTranspose: `${WINDOW} group output_padding output_shape`,
  CumSum: 'exclusive reverse',
  DepthToSpace: 'blocksize mode',
  DequantizeLinear: 'axis block_size output_dtype',
  Dropout: 'ratio seed',
  Einsum: 'equation',
  Elu: 'alpha',
  Flatten: 'axis',
  Gather: 'axis',
  Gelu: 'approximate',
  Gemm: 'alpha beta transA transB',
  GlobalLpPool: 'p',
  GroupNormalization: 'epsilon num_groups stash_type',
  HardSigmoid: 'alpha beta',
  InstanceNormalization: 'epsilon',
  LRN: 'alpha beta bias size',
  LayerNormalization: 'axis epsilon stash_type',
  LeakyRelu: 'alpha',
  LogSoftmax: 'axis',
  LpNormalization: 'axis p',
  LpPool: `${WINDOW} ceil_mode p`,
  MaxPool: `${WINDOW} ceil_mode storage_order`,
  Mod: 'fmod',
  Pad: 'mode pads value',
  RMSNormalization: 'axis epsilon stash_type',
  Reshape: 'allowzero',
  Resize:
    'antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value keep_aspect_ratio_policy mode nearest_mode',
  ScatterND: 'reduction=none',
  Selu: 'alpha gamma',
  Shape: 'start end',
  Shrink: 'bias lambd',
  Slice: 'starts ends axes',
  Softmax: 'axis',
  SpaceToDepth: 'blocksize',
  Split: 'axis split num_outputs',
  Squeeze: 'axes',
  Swish: 'alpha',
  ThresholdedRelu: 'alpha',
  Transpose: 'perm',
  Trilu: 'upper',
  Unsqueeze: 'axes',
  Upsample: 'mode scales',
  'com.microsoft.FusedConv': `${WINDOW} group activation activation_params`,
  'com.microsoft.FusedMatMul': 'alpha transA transB transBatchA=0 transBatchB=0',
  'com.microsoft.QuickGelu': 'alpha',
  'com.microsoft.SkipLayerNormalization': 'epsilon',
};

/** Refuses an attribute of a node that is not understood. @throws BagsslError `unsupported-operator` */
export function checkAttributes(type: string, attributes: Readonly<Record<string, FileAttribute>>): void {
  const known = (KNOWN[type] ?? (type.startsWith('Reduce') ? REDUCTION : '')).split(' ');
  for (const [name, value] of Object.entries(attributes)) {
    if (known.includes(name) || known.includes(`${name}=${value}`)) continue;
    throw new BagsslError('unsupported-operator', `${type} with the attribute "${name}" is not supported.`);
  }
}
