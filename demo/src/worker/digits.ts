import { data, datasets, io, transforms } from "lanegrad";

/** What the net is given: numbers around 0, as the Node example has them. */
export const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.1307], [0.3081])]);

/** The pixels of the unpacked files, so that a bar can show how much is here. */
const UNPACKED = { "t10k-images-idx3-ubyte": 7_840_016, "train-images-idx3-ubyte": 47_040_016 } as Readonly<Record<string, number>>;

/**
 * One of MNIST's two sets, with a call of `progress` (0 to 1) for each piece that arrives.
 *
 * `datasets.MNIST()` would do, were there nothing to show meanwhile.
 */
export async function loadDigits(folder: string, set: "t10k" | "train", progress: (share: number) => void): Promise<datasets.MNISTDataset> {
  const [images, labels] = await Promise.all([
    download(folder, `${set}-images-idx3-ubyte`, progress),
    download(folder, `${set}-labels-idx1-ubyte`, () => undefined),
  ]);
  return new datasets.MNISTDataset(data.decodeIdx(images, `${set} images`), data.decodeIdx(labels, `${set} labels`).to("int32"), transform);
}

/** A file, unpacked: by the browser where the server says that it is packed, else here. */
async function download(folder: string, name: string, progress: (share: number) => void): Promise<Uint8Array> {
  const url = new URL(`${name}.gz`, folder);
  const response = await fetch(url).catch((cause: unknown) => {
    throw new Error(`${url.pathname} could not be fetched`, { cause });
  });
  if (!response.ok || !response.body) throw new Error(`${url.pathname} answered ${response.status}`);
  const packed = Number(response.headers.get("Content-Length"));
  const chunks: Uint8Array[] = [];
  let have = 0;
  const reader = response.body.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    chunks.push(chunk.value);
    have += chunk.value.length;
    const isPacked = isGzip(chunks[0]!);
    const all = isPacked ? packed : UNPACKED[name];
    if (all) progress(Math.min(1, have / all));
  }
  const bytes = joined(chunks, have);
  return isGzip(bytes) ? io.gunzip(bytes) : bytes;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
