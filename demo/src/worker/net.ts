import { io, loadCheckpoint, loadSafetensors, manualSeed, type nn, optim } from "lanegrad";
import { makeModel } from "../../../examples/mnist/model.js";

/** What training goes on from: a checkpoint, which is a safetensors file too. */
interface Saved {
  page: string;
  seen: number;
  model: nn.StateDict;
  optimizer: ReturnType<optim.Optimizer["stateDict"]>;
}

const PAGE = "lanegrad-mnist";

/** The net of the Node example, what trains it, and how far it is. */
export class Net {
  readonly model = makeModel();
  readonly optimizer: optim.Adam;
  /** Digits it was trained on so far, each time counted. */
  seen = 0;

  private constructor(lr: number) {
    this.optimizer = new optim.Adam(this.model.parameters(), { lr });
  }

  /** A net that knows nothing. */
  static fresh(seed: number, lr: number): Net {
    manualSeed(seed);
    return new Net(lr);
  }

  /** The net of a checkpoint. @throws when the bytes are no checkpoint of this page */
  static async restored(bytes: Uint8Array, lr: number): Promise<Net> {
    const saved = await loadCheckpoint<Partial<Saved>>(bytes);
    if (saved.page !== PAGE) throw new Error("what was kept is not of this page");
    const { model, optimizer, seen } = saved as Saved;
    const net = new Net(lr);
    net.model.loadStateDict(model);
    net.optimizer.loadStateDict(optimizer);
    net.seen = seen;
    return net;
  }

  /** A net with the weights of a safetensors file, with training still to begin. @throws when they do not fit */
  static async withWeights(file: Blob, lr: number): Promise<Net> {
    const net = new Net(lr);
    net.model.loadStateDict(await loadSafetensors(file));
    return net;
  }

  /** All that training needs to go on. */
  checkpoint(): Uint8Array<ArrayBuffer> {
    const { model, optimizer, seen } = this;
    return io.serializeCheckpoint({ page: PAGE, seen, model, optimizer }) as Uint8Array<ArrayBuffer>;
  }

  /** The weights alone, for PyTorch and others. */
  weights(): Uint8Array<ArrayBuffer> {
    return io.serialize(this.model.stateDict()) as Uint8Array<ArrayBuffer>;
  }

  set lr(lr: number) {
    for (const group of this.optimizer.paramGroups) group.lr = lr;
  }
}
