/** Functions that are not methods of Tensor: the namespace `F`. */
export {};
