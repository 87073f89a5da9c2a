import {
  DataLoader,
  F,
  type Tensor,
  TensorDataset,
  cat,
  flushMemory,
  manualSeed,
  memoryStats,
  nn,
  noGrad,
  ones,
  optim,
  randint,
  randn,
  scope,
  zeros,
} from "lanegrad";
import { type Case, assert, throws } from "./case.js";

/*
 * The plain PyTorch-style loop, synchronous, without a memory call in it, is flat; and what a user keeps stays
 * right, or its read is a clear error.
 */

export interface MemoryProbe {
  /** Bytes of live JavaScript objects after a collection; null where that cannot be measured. */
  heapUsed(): number | null;
  steps: number;
}

/** A loop: set up once, then one step at a time. */
type Loop = () => (step: number) => void;

const LOOPS: Record<string, Loop> = {
  "a classifier over a DataLoader": () => {
    const model = new nn.Sequential(new nn.Linear(20, 16), new nn.ReLU(), new nn.Dropout(0.2), new nn.Linear(16, 4));
    const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
    const loader = new DataLoader(new TensorDataset(randn([640, 20]), randint(0, 4, [640])), { batchSize: 32, shuffle: true });
    let batches = loader[Symbol.iterator]();
    return () => {
      let next = batches.next();
      if (next.done) next = (batches = loader[Symbol.iterator]()).next();
      const [x, y] = next.value as [Tensor, Tensor];
      const loss = F.crossEntropy(model.forward(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    };
  },
  "fresh noise and one-hot targets each step": () => {
    const encoder = new nn.Linear(32, 8);
    const decoder = new nn.Linear(4, 32);
    const optimizer = new optim.SGD([...encoder.parameters(), ...decoder.parameters()], { lr: 0.01 });
    return () => {
      const x = F.oneHot(randint(0, 32, [16]), { numClasses: 32 }).to("float32");
      const [mu, logvar] = encoder.forward(x).chunk(2, 1) as [Tensor, Tensor];
      const z = mu.add(
        logvar
          .mul(0.5)
          .exp()
          .mul(randn([16, 4])),
      );
      const kl = mu.pow(2).add(logvar.exp()).sub(logvar).sub(1).sum().mul(0.5);
      const loss = F.mseLoss(decoder.forward(z), x, { reduction: "sum" }).add(kl);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
    };
  },
  "a GAN with two optimisers and detach": () => {
    const generator = new nn.Sequential(new nn.Linear(4, 16), new nn.ReLU(), new nn.Linear(16, 2));
    const critic = new nn.Sequential(new nn.Linear(2, 16), new nn.LeakyReLU(0.2), new nn.Linear(16, 1));
    const forG = new optim.Adam(generator.parameters(), { lr: 1e-3, betas: [0.5, 0.999] });
    const forD = new optim.Adam(critic.parameters(), { lr: 1e-3, betas: [0.5, 0.999] });
    return () => {
      const real = randn([32, 2]).add(3);
      const fake = generator.forward(randn([32, 4]));
      forD.zeroGrad();
      F.binaryCrossEntropyWithLogits(critic.forward(real), ones([32, 1])).backward();
      F.binaryCrossEntropyWithLogits(critic.forward(fake.detach()), zeros([32, 1])).backward();
      forD.step();
      forG.zeroGrad();
      F.binaryCrossEntropyWithLogits(critic.forward(fake), ones([32, 1])).backward();
      forG.step();
    };
  },
  "a hidden state carried and detached": () => {
    const cell = new nn.Linear(12, 8);
    const head = new nn.Linear(8, 1);
    const optimizer = new optim.RMSprop([...cell.parameters(), ...head.parameters()], { lr: 1e-3 });
    let hidden = zeros([5, 8]);
    return () => {
      const x = randn([5, 4]);
      hidden = cell.forward(cat([x, hidden], 1)).tanh();
      const loss = F.mseLoss(head.forward(hidden), x.select(1, 0).unsqueeze(1));
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      hidden = hidden.detach();
    };
  },
  "gradients accumulated over four batches, with metrics and losses kept": () => {
    const model = new nn.Linear(10, 3);
    const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3 });
    let recent: Tensor[] = [];
    return (step) => {
      const y = randint(0, 3, [8]);
      const logits = model.forward(randn([8, 10]));
      const loss = F.crossEntropy(logits, y);
      loss.div(4).backward();
      const correct = logits.argmax(1).eq(y).sum();
      recent = [...recent.slice(-9), correct];
      if (step % 4 === 3) {
        optimizer.step();
        optimizer.zeroGrad();
      }
    };
  },
  "evaluation under noGrad": () => {
    const model = new nn.Sequential(new nn.Linear(10, 32), new nn.Tanh(), new nn.Linear(32, 3));
    model.eval();
    return () => {
      noGrad(() => F.softmax(model.forward(randn([16, 10])), 1).argmax(1));
    };
  },
  "arithmetic without any graph": () => {
    let x = randn([64]);
    return () => {
      x = x.mul(0.5).add(randn([64]));
    };
  },
};

export function memoryCases(probe: MemoryProbe): Case[] {
  const { steps } = probe;
  const warm = Math.floor(steps / 5);
  const flat = Object.entries(LOOPS).map(([name, make]) => ({
    name: `${name}: ${steps} steps are flat`,
    run() {
      manualSeed(7);
      const step = make();
      for (let i = 0; i < warm; i++) step(i);
      const heap = probe.heapUsed();
      const { reserved } = memoryStats();
      for (let i = warm; i < steps; i++) step(i);
      const grown = memoryStats().reserved - reserved;
      assert(grown === 0, `WebAssembly memory grew by ${grown} bytes between step ${warm} and ${steps}`);
      const after = probe.heapUsed();
      if (heap !== null && after !== null)
        assert(after - heap < 2e6, `the JavaScript heap grew by ${after - heap} bytes between step ${warm} and ${steps}`);
    },
  }));
  return [...flat, ...KEPT];
}

/** Trains for a while, so that memory is asked for again and again. */
function churn(steps: number): void {
  const w = randn([64, 64], { requiresGrad: true });
  for (let i = 0; i < steps; i++) {
    w.matmul(randn([64, 64]))
      .tanh()
      .sum()
      .backward();
    w.grad = null;
  }
}

const KEPT: Case[] = [
  {
    name: "losses in a list stay readable",
    run() {
      const w = ones([3], { requiresGrad: true });
      const losses: Tensor[] = [];
      for (let i = 0; i < 200; i++) {
        const loss = w.mul(i).sum();
        loss.backward();
        losses.push(loss);
        churn(5);
      }
      losses.forEach((loss, i) => assert(loss.item() === 3 * i, `loss ${i} reads ${loss.item()}`));
    },
  },
  {
    name: "small results of consumed graphs stay right",
    run() {
      const w = ones([4], { requiresGrad: true });
      const logits = Array.from({ length: 50 }, (_, i) => {
        const out = w.mul(i);
        out.sum().backward();
        return out;
      });
      churn(300);
      flushMemory();
      logits.forEach((out, i) => assert(String(out.tolist()) === String([i, i, i, i]), `result ${i} reads ${String(out.tolist())}`));
    },
  },
  {
    name: "a large result of a consumed graph is right or a clear error, and right after keep()",
    run() {
      const w = ones([100, 1000], { requiresGrad: true });
      const [lost, kept] = [w.mul(2), w.mul(3).keep()];
      lost.add(kept).sum().backward();
      churn(300);
      flushMemory();
      throws(() => lost.sum(), /the result of mul\(\) is no longer there: backward\(\) consumed its graph[\s\S]*keep\(\)/);
      assert(kept.sum().item() === 300_000, "a kept tensor changed");
      kept.dispose();
    },
  },
  {
    name: "cached batches, a fixed input and detached tensors stay right",
    run() {
      const w = ones([50], { requiresGrad: true });
      const batches = Array.from({ length: 20 }, (_, i) => ones([400, 50]).mul(i));
      const detached: Tensor[] = [];
      for (let epoch = 0; epoch < 3; epoch++) {
        batches.forEach((batch, i) => {
          const out = batch.mul(w);
          out.sum().backward();
          if (epoch === 0) detached.push(out.detach());
          churn(10);
          assert(batch.sum().item() === 20_000 * i, `batch ${i} changed in epoch ${epoch}`);
        });
      }
      flushMemory();
      detached.forEach((out, i) => assert(out.sum().item() === 20_000 * i, `detached result ${i} changed`));
    },
  },
  {
    name: "what noGrad made and pushed to a list outside stays right",
    run() {
      const kept: Tensor[] = [];
      noGrad(() => {
        for (let i = 0; i < 10; i++) kept.push(ones([100, 300]).mul(i));
      });
      churn(300);
      flushMemory();
      kept.forEach((x, i) => assert(x.sum().item() === 30_000 * i, `result ${i} changed`));
    },
  },
  {
    name: "scope() frees what it made at once, but not what lasts",
    run() {
      const model = scope(() => new nn.Linear(100, 100));
      const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
      const x = ones([64, 100]);
      const step = (): number =>
        scope(() => {
          const loss = model.forward(x).tanh().mean();
          optimizer.zeroGrad();
          loss.backward();
          optimizer.step();
          return loss.item();
        });
      for (let i = 0; i < 100; i++) step();
      const { reserved } = memoryStats();
      for (let i = 0; i < 300; i++) step();
      assert(memoryStats().reserved === reserved, "steps in a scope are not flat");
      let kept: Tensor | null = null;
      scope(() => void (kept = x.add(1)));
      throws(() => kept!.sum(), /made in a scope\(\) that did not return it/);
    },
  },
  {
    name: "use after dispose() is a clear error and the library goes on",
    run() {
      const x = ones([3]);
      const y = x.unsqueeze(0);
      x.dispose();
      throws(() => y.add(1), /disposed of/);
      throws(() => x.item(), /expected one element|disposed of/);
      assert(ones([3]).sum().item() === 3, "the library stopped working");
    },
  },
];
