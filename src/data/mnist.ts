import { FileError, FormatError } from "../runtime/errors.js";
import { temporary } from "../core/op.js";
import { show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { item } from "../ops/access.js";
import { to } from "../ops/convert.js";
import { select } from "../ops/slice.js";
import { fetchBytes } from "../io/fetch.js";
import { gunzip, isGzip } from "../io/gzip.js";
import { canWriteFiles, readIfThere, writeFile } from "../io/source.js";
import type { Collated } from "./collate.js";
import { Dataset, checkIndex, rows } from "./dataset.js";
import { decodeIdx } from "./idx.js";
import { type Transform, tidily, transformed, transformedBatch } from "./transforms.js";

export interface MNISTOptions<T = number> {
  /** The folder of the files; in browsers a URL. */
  root: string | URL;
  /** The 60,000 training images, or the 10,000 for testing. Default true. */
  train?: boolean;
  /** What is done to each image, a uint8 `[28, 28]`. Default nothing. */
  transform?: Transform;
  /** What is done to each label. Default nothing. */
  targetTransform?: (label: number) => T;
  /** Fetch the files if they are not there, and (in Node) keep them in `root/MNIST/raw`. Default false. */
  download?: boolean;
  /** Where to download from, tried in order. */
  mirrors?: readonly string[];
  /** Check that the content is MNIST's, by its SHA-256. Turn it off for other data in the same files. Default true. */
  verify?: boolean;
}

interface FileInfo {
  readonly name: string;
  /** Of the unpacked file, whoever packed it. */
  readonly bytes: number;
  readonly sha256: string;
}

/** Images and labels. The content is the one whose MD5 sums torchvision lists. */
const FILES: Readonly<Record<"train" | "test", readonly [FileInfo, FileInfo]>> = {
  train: [
    { name: "train-images-idx3-ubyte", bytes: 47040016, sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" },
    { name: "train-labels-idx1-ubyte", bytes: 60008, sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
  ],
  test: [
    { name: "t10k-images-idx3-ubyte", bytes: 7840016, sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
    { name: "t10k-labels-idx1-ubyte", bytes: 10008, sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" },
  ],
};

/** As in torchvision. */
const MIRRORS = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"];

/** Handwritten digits: sample i is `[image, label]`. Made by `MNIST()`. */
export class MNISTDataset<T = number> extends Dataset<[Tensor, T]> {
  readonly classes = [
    "0 - zero",
    "1 - one",
    "2 - two",
    "3 - three",
    "4 - four",
    "5 - five",
    "6 - six",
    "7 - seven",
    "8 - eight",
    "9 - nine",
  ];

  constructor(
    /** The images, untransformed: uint8 `[n, 28, 28]`. */
    readonly data: Tensor,
    /** The labels, untransformed: int32 `[n]`. */
    readonly targets: Tensor,
    private readonly transform?: Transform,
    private readonly targetTransform?: (label: number) => T,
  ) {
    super();
  }

  get length(): number {
    return this.data.shape[0]!;
  }

  override get(index: number): [Tensor, T] {
    const at = checkIndex("MNIST.get()", index, this.length);
    const label = item(select(this.targets, 0, at));
    return [transformed(this.transform, select(this.data, 0, at)), this.targetTransform ? this.targetTransform(label) : (label as T)];
  }

  override getBatch(indices: readonly number[]): Collated<[Tensor, T]> | null {
    if (this.get !== MNISTDataset.prototype.get || this.targetTransform) return null;
    const images = tidily(this.transform, () => transformedBatch(this.transform, rows(this.data, indices)));
    return images && ([images, rows(this.targets, indices)] as unknown as Collated<[Tensor, T]>);
  }
}

/**
 * The MNIST digits: `const train = await datasets.MNIST({ root: "data", transform: new transforms.ToTensor() })`.
 *
 * Looks for the IDX files (with `.gz` or without) in `root` and in `root/MNIST/raw`, where torchvision puts them.
 *
 * @throws FileError when they are not there, or no mirror has them sound; a damaged download is not kept
 * @throws FormatError when those that are there are damaged or not MNIST
 */
export async function MNIST<T = number>(options: MNISTOptions<T>): Promise<MNISTDataset<T>> {
  const { train = true, transform, targetTransform } = options;
  const [images, labels] = FILES[train ? "train" : "test"];
  const [imageBytes, labelBytes] = [await content(images, options), await content(labels, options)];
  const data = decodeIdx(imageBytes, `MNIST(): ${images.name}`);
  try {
    const targets = temporary(() => to(decodeIdx(labelBytes, `MNIST(): ${labels.name}`), "int32"));
    if (data.ndim !== 3 || targets.ndim !== 1 || data.shape[0] !== targets.shape[0]) {
      targets.dispose();
      throw new FormatError(
        `MNIST(): images of shape ${show(data.shape)} and labels of shape ${show(targets.shape)} do not belong together; expected [n, height, width] and [n]`,
      );
    }
    return new MNISTDataset(data, targets, transform, targetTransform);
  } catch (error) {
    data.dispose();
    throw error;
  }
}

/** The unpacked bytes of a file, from where it lies or from a mirror. */
async function content<T>(file: FileInfo, options: MNISTOptions<T>): Promise<Uint8Array> {
  const { name } = file;
  const { root } = options;
  const places = [`${name}.gz`, name, `MNIST/raw/${name}.gz`, `MNIST/raw/${name}`].map((path) => inside(root, path));
  for (const place of places) {
    const bytes = await readIfThere(place, "MNIST()");
    if (bytes) return unpack(bytes, file, String(place), options.verify ?? true);
  }
  if (options.download) return download(inside(root, `MNIST/raw/${name}.gz`), file, options);
  throw new FileError(`MNIST(): found none of ${places.map(String).join(", ")}; pass { download: true } to fetch it`);
}

async function unpack(bytes: Uint8Array, file: FileInfo, from: string, verify: boolean): Promise<Uint8Array> {
  const where = `MNIST(): ${from}`;
  const limit = verify ? { maxBytes: file.bytes } : {};
  const unpacked = isGzip(bytes) ? await gunzip(bytes, limit, where) : bytes;
  if (!verify) return unpacked;
  if (unpacked.length !== file.bytes) throw new FormatError(`${where}: expected ${file.bytes} bytes, got ${unpacked.length}`);
  const sha256 = await sha256Of(unpacked);
  if (sha256 !== null && sha256 !== file.sha256) {
    throw new FormatError(
      `${where}: this is not MNIST's ${file.name}: its SHA-256 is ${sha256}, not ${file.sha256}. Remove the file and download it again, or pass { verify: false } for other data`,
    );
  }
  return unpacked;
}

/** Null on a page that is not served over HTTPS (or from localhost): browsers have no SHA-256 there. */
async function sha256Of(bytes: Uint8Array): Promise<string | null> {
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (!subtle) return null;
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** From the first mirror that has it whole and sound. Only then is it written. */
async function download<T>(target: string | URL, file: FileInfo, options: MNISTOptions<T>): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const mirror of options.mirrors ?? MIRRORS) {
    const url = `${mirror.replace(/\/+$/, "")}/${file.name}.gz`;
    let packed: Uint8Array | null;
    let unpacked: Uint8Array;
    try {
      packed = await fetchBytes(url);
      if (!packed) throw new FileError(`${url} does not exist`);
      unpacked = await unpack(packed, file, url, options.verify ?? true);
    } catch (error) {
      failures.push((error as Error).message.replace(/^MNIST\(\): /, ""));
      continue;
    }
    if (canWriteFiles) await writeFile(target, () => [packed], "MNIST()", { makeFolder: true });
    return unpacked;
  }
  throw new FileError(`MNIST(): could not download ${file.name}.gz:\n${failures.map((failure) => `- ${failure}`).join("\n")}`);
}

function inside(root: string | URL, path: string): string | URL {
  if (root === "") return path;
  return typeof root === "string" ? `${root.replace(/\/+$/, "")}/${path}` : new URL(path, root.href.endsWith("/") ? root : `${root.href}/`);
}
