/** The namespace `F`, as `torch.nn.functional`: what networks are made of. */
export { elu, gelu, leakyRelu, relu, relu_, silu, softplus } from "./activation.js";
export { type AttentionOptions, scaledDotProductAttention } from "./attention.js";
export { conv1d, conv2d, convTranspose2d } from "./conv.js";
export { crossEntropy, nllLoss } from "./cross-entropy.js";
export { embedding } from "./embedding.js";
export { linear } from "./linear.js";
export { binaryCrossEntropy, binaryCrossEntropyWithLogits, huberLoss, l1Loss, mseLoss, smoothL1Loss } from "./loss.js";
export { batchNorm, groupNorm, layerNorm } from "./norm.js";
export { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "./pool.js";
export { dropout, dropout2d } from "./random.js";
export { oneHot } from "./scatter.js";
export { logSoftmax, softmax } from "./softmax.js";
export { sigmoid, tanh } from "./unary.js";
