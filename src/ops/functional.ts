/** Functions that are not methods of Tensor: the namespace `F`. */
export { conv1d, conv2d, convTranspose2d } from "./conv.js";
export { linear } from "./linear.js";
export { adaptiveAvgPool2d, avgPool2d, maxPool2d } from "./pool.js";
