/** Datasets, samplers and loaders, as in torch.utils.data. */
export { type Collated, defaultCollate } from "./collate.js";
export { DataLoader, type DataLoaderOptions } from "./dataloader.js";
export { ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, randomSplit } from "./dataset.js";
export { decodeIdx } from "./idx.js";
export {
  BatchSampler,
  RandomSampler,
  type RandomSamplerOptions,
  type Sampler,
  SequentialSampler,
  SubsetRandomSampler,
  WeightedRandomSampler,
} from "./sampler.js";
