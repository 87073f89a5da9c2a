/** Well-known datasets, as in torchvision.datasets. */
export { MNIST, MNISTDataset, type MNISTOptions } from "./mnist.js";
