// Trains a convolutional net on MNIST. `npm start -- --help` lists the options.
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { DataLoader, F, Subset, type Tensor, backend, datasets, defaultGenerator, init, manualSeed, nn, noGrad, optim, transforms } from "lanegrad";
import { makeModel } from "./mnist/model.js";
import { type Options, readOptions } from "./mnist/options.js";
import { EpochBar } from "./mnist/progress.js";
import { Confusion, describeBackend, drawDigits } from "./mnist/report.js";
import { Session } from "./mnist/session.js";

const root = fileURLToPath(new URL("./data/mnist", import.meta.url));
const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.1307], [0.3081])]);

let stopping = false;
process.on("SIGINT", () => {
  if (stopping) process.exit(130); // asked twice: at once
  stopping = true;
});

async function main(options: Options): Promise<void> {
  await init(options.threads === undefined ? {} : { threads: options.threads });
  console.log(describeBackend(backend()));
  const train = await datasets.MNIST({ root, train: true, transform });
  const test = await datasets.MNIST({ root, train: false, transform });
  const limit = Math.min(options.limit ?? train.length, train.length);
  const digits = limit < train.length ? new Subset(train, [...Array(limit).keys()]) : train;

  manualSeed(options.seed);
  const model = makeModel();
  const optimizer = new optim.Adam(model.parameters(), { lr: options.lr });
  const loader = new DataLoader(digits, { batchSize: options.batchSize, shuffle: true });
  const session = new Session(options.out, model, optimizer, { seed: options.seed, batchSize: options.batchSize, lr: options.lr, limit });
  await mkdir(options.out, { recursive: true });
  console.log(`${nn.countParameters(model)} parameters; ${digits.length} digits to train on, ${test.length} to test on`);

  let from = options.resume ? await session.load() : null;
  if (from) console.log(`going on at epoch ${from.epoch}, step ${from.step}`);
  const started = performance.now();
  for (let epoch = from?.epoch ?? 1; epoch <= options.epochs; epoch++) {
    const generator = defaultGenerator();
    const skip = from?.step ?? 0;
    if (from && skip > 0) generator.setState(from.epochRng); // the same order again
    const epochRng = generator.getState();
    const bar = new EpochBar(epoch, digits.length, skip * options.batchSize);
    let step = 0;
    for await (const [x, y] of loader) {
      if (step === skip && from) {
        generator.setState(from.rng);
        from = null;
      }
      if (step++ < skip) continue;
      bar.advance(x.size(0), trainStep(model, optimizer, x, y));
      if (stopping) break;
    }
    bar.stop();
    from = null;
    const finished = step === loader.length;
    await session.save(finished ? { epoch: epoch + 1, step: 0, epochRng } : { epoch, step, epochRng });
    if (finished) evaluate(model, test, epoch);
    if (stopping) {
      console.log(`\nstopped; ${session.checkpoint} is kept. npm start -- --resume goes on from there.`);
      return;
    }
  }
  await session.saveWeights();
  console.log(`\n${((performance.now() - started) / 1000).toFixed(1)} s in all; weights in ${session.weights}`);
  showSome(model, test);
}

function trainStep(model: nn.Sequential, optimizer: optim.Optimizer, x: Tensor, y: Tensor): number {
  const loss = F.crossEntropy(model.forward(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss.item();
}

type Digits = datasets.MNISTDataset;

function evaluate(model: nn.Sequential, test: Digits, epoch: number): void {
  const confusion = new Confusion();
  model.eval();
  noGrad(() => {
    for (const [x, y] of new DataLoader(test, { batchSize: 1000 })) confusion.add(model.forward(x).argmax(1).toTypedArray(), y.toTypedArray());
  });
  model.train();
  const { correct, total } = confusion;
  console.log(`epoch ${epoch}: ${((100 * correct) / total).toFixed(2)} % of ${total} test digits right\n${String(confusion)}`);
}

/** The first test digits as the net sees them. */
function showSome(model: nn.Sequential, test: Digits): void {
  const count = 6;
  model.eval();
  noGrad(() => {
    const [x] = new DataLoader(test, { batchSize: count })[Symbol.iterator]().next().value as [Tensor, Tensor];
    const { values, indices } = F.softmax(model.forward(x), 1).max(1);
    const captions = Array.from({ length: count }, (_, i) => `${indices.at(i).item()} (${(100 * values.at(i).item()).toFixed(1)} %)`);
    console.log(`\n${drawDigits(test.data.narrow(0, 0, count), captions)}`);
  });
}

const options = readOptions(process.argv.slice(2));
if (options) {
  await main(options).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
