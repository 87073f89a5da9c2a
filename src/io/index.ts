/** Files: safetensors, checkpoints, NumPy's .npy, gzip. */
export { loadCheckpoint, saveCheckpoint, serializeCheckpoint } from "./checkpoint.js";
export { type GunzipOptions, gunzip } from "./gzip.js";
export { decodeNpy, encodeNpy, loadNpy, saveNpy } from "./npy.js";
export {
  type SafetensorsInfo,
  type SafetensorsOptions,
  type TensorDict,
  deserialize,
  inspectSafetensors,
  loadSafetensors,
  saveSafetensors,
  serialize,
} from "./safetensors.js";
export type { Source } from "./source.js";
