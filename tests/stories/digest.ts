import { F, type Tensor, manualSeed, nn, optim, randint, randn } from "lanegrad";

/*
 * One number for everything that threads share work on: equal numbers mean equal bits.
 */

/** FNV-1a over the bytes of tensors. */
class Hash {
  value = 0x811c9dc5;

  add(...tensors: (Tensor | null)[]): void {
    for (const tensor of tensors) {
      const array = tensor!.toTypedArray();
      for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
        this.value = Math.imul(this.value ^ byte, 0x01000193) >>> 0;
    }
  }
}

/** Sizes that do not divide evenly, large enough to be worth several threads. */
export function digest(): string {
  manualSeed(11);
  const hash = new Hash();
  const [a, b] = [randn([257, 301], { requiresGrad: true }), randn([301, 263], { requiresGrad: true })];
  const product = a.matmul(b);
  product.tanh().sum().backward();
  hash.add(product, a.grad, b.grad, b.t().matmul(a.t()), randn([7, 65, 33]).matmul(randn([7, 33, 129])));

  const x = randn([5, 6, 29, 31], { requiresGrad: true });
  const w = randn([10, 6, 3, 3], { requiresGrad: true });
  const image = F.conv2d(x, w, randn([10]), { stride: 2, padding: 1 });
  F.maxPool2d(image, 2).exp().mean().backward();
  hash.add(image, x.grad, w.grad);
  const deep = randn([10, 1, 5, 5], { requiresGrad: true });
  const depthwise = F.conv2d(image.detach(), deep, null, { groups: 10, padding: 2 });
  depthwise.sum().backward();
  hash.add(depthwise, deep.grad, F.avgPool2d(image, 3));

  const big = randn([1_000_003]);
  hash.add(big.sum(), big.mean(), big.std(), big.exp(), big.mul(big).add(1), big.cumsum(0), big.max(), big.argmax().to("float32"));
  const rows = randn([301, 1003], { requiresGrad: true });
  F.crossEntropy(rows, randint(0, 1003, [301])).backward();
  hash.add(rows.grad, F.softmax(rows, 1), F.softmax(rows, 0), rows.sum(0), rows.sum(1), rows.t().contiguous(), rows.var(0));
  return `${hash.value.toString(16)}-${train()}`;
}

/** A short training with everything in it. */
function train(): string {
  const hash = new Hash();
  const model = new nn.Sequential(
    new nn.Conv2d(1, 8, 3, { padding: 1 }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.3),
    new nn.Linear(8 * 14 * 14, 10),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  for (let step = 0; step < 5; step++) {
    const loss = F.crossEntropy(model.forward(randn([32, 1, 28, 28])), randint(0, 10, [32]));
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    hash.add(loss);
  }
  hash.add(...model.parameters());
  return hash.value.toString(16);
}
