import { DataLoader, type Tensor, type datasets, backend, init, randperm } from "lanegrad";
import { expose, transfer } from "lanegrad/worker";
import { Average } from "./average.js";
import { loadDigits } from "./digits.js";
import { type Exam, examine } from "./examine.js";
import { type View, look } from "./look.js";
import { Net } from "./net.js";
import { withProgress } from "./progress.js";
import { trainStep } from "./step.js";

/** What training tells: several times a second. */
export interface Moment {
  /** Digits trained on so far, each time counted. */
  seen: number;
  /** Of the last few hundred digits trained on; NaN before the first. */
  loss: number;
  accuracy: number;
  /** Digits trained on per second. */
  rate: number;
  view: View;
  exam?: Exam;
}

export interface Settings {
  lr: number;
  batchSize: number;
}

/** Twice per frame would be seen, but this leaves time for the training itself. */
const TELL_EVERY_MS = 60;
/** An examination may take this share of the time: it is put off after a slow one. */
const EXAM_SHARE = 1 / 4;

let net: Net;
let seed = 1;
let settings: Settings = { lr: 0.001, batchSize: 64 };
let pixels = new Uint8Array(784);
let train: datasets.MNISTDataset | null = null;
let test: datasets.MNISTDataset | null = null;

/** The page's worker: what it can be asked, by name. Methods are answered between two yields of one that runs. */
export const service = {
  /** Starts the library. @throws BackendError, which names the browsers that it runs in */
  async start() {
    await init();
    net = Net.fresh(seed, settings.lr);
    return { ...backend(), isolated: globalThis.crossOriginIsolated };
  },

  /** Fetches the digits for examinations: yields how much is here, and returns their pixels and labels. */
  async *loadTest(folder: string) {
    test = yield* withProgress((progress) => loadDigits(folder, "t10k", progress));
    return { images: test.data.toTypedArray() as Uint8Array<ArrayBuffer>, labels: new Uint8Array(test.targets.toTypedArray()) };
  },

  /** Fetches the digits to train on, six times as many. */
  async *loadTrain(folder: string) {
    train = yield* withProgress((progress) => loadDigits(folder, "train", progress));
    return train.length;
  },

  /** From now on this is the digit to look at. */
  look(digit: Uint8Array<ArrayBuffer>): View {
    pixels = digit;
    return look(net.model, pixels);
  },

  set(changed: Partial<Settings>): void {
    settings = { ...settings, ...changed };
    net.lr = settings.lr;
  },

  /** A net that knows nothing, with other random weights than before. */
  reset(): View {
    net = Net.fresh(++seed, settings.lr);
    return look(net.model, pixels);
  },

  checkpoint: () => transfer(net.checkpoint()),
  weights: () => transfer(net.weights()),

  /** Goes on from a checkpoint. @throws when it is none of this page: the net is as it was */
  async restore(bytes: Uint8Array): Promise<{ seen: number; view: View }> {
    net = await Net.restored(bytes, settings.lr);
    net.lr = settings.lr;
    return { seen: net.seen, view: look(net.model, pixels) };
  },

  /** Takes the weights of a safetensors file. @throws when they are of another net: then nothing changes */
  async take(file: Blob): Promise<View> {
    net = await Net.withWeights(file, settings.lr);
    return look(net.model, pixels);
  },

  /** Examines the net as it is, which is not to be trained meanwhile; gives null where there are no test digits. */
  *examine() {
    const { seen } = net;
    return { seen, exam: test && (yield* examine(net.model, test)) };
  },

  /** Trains until it is cancelled. */
  *train(): Generator<Moment | null, void> {
    const average = new Average();
    let [told, examEnded, examTook] = [performance.now(), performance.now(), 200];
    for (const [images, labels] of batches(train!)) {
      const began = performance.now();
      const { loss, right } = trainStep(net.model, net.optimizer, images, labels);
      const now = performance.now();
      const count = images.size(0);
      net.seen += count;
      average.add(count, loss, right / count, now - began);
      if (now - told < TELL_EVERY_MS) {
        yield null;
        continue;
      }
      let exam: Exam | undefined;
      if (now - examEnded > examTook / EXAM_SHARE) {
        exam = yield* examine(net.model, test!);
        examEnded = performance.now();
        examTook = exam.ms;
      }
      yield { seen: net.seen, ...average.values(), view: look(net.model, pixels), ...(exam && { exam }) };
      told = performance.now();
    }
  },
};

expose(service);

/** Without end: pass after pass, each in another order, in batches of the size that is set at that moment. */
function batches(digits: datasets.MNISTDataset): DataLoader<[Tensor, number]> {
  const count = digits.length;
  return new DataLoader(digits, {
    batchSampler: {
      *[Symbol.iterator]() {
        for (let at = net.seen % count; ; at = 0) {
          const order = randperm(count).toTypedArray();
          while (at < count) yield Array.from(order.subarray(at, (at += settings.batchSize)));
        }
      },
    },
  });
}
