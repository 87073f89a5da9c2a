import { element } from "./dom.js";
import { notice, withdraw } from "./notices.js";
import type { Session } from "./session.js";

const FILE = "lanegrad-mnist.safetensors";

interface Tell {
  /** Other weights are in place. */
  taken(): void;
  /** And they have been examined. */
  done(file: string): void;
}

/** The buttons that save weights to a file and load them from one. */
export function offerWeights(session: Session, tell: Tell): { save: () => void } {
  const save = async (): Promise<void> => {
    try {
      const bytes = await session.trainer.weights();
      download(new Blob([bytes], { type: "application/octet-stream" }));
      withdraw("weights");
    } catch (error) {
      notice("weights", "The weights could not be saved as a file.", { details: error });
    }
  };
  const input = element<HTMLInputElement>("file");
  const load = async (file: File): Promise<void> => {
    try {
      await session.become(
        async () => ({ seen: 0, view: await session.trainer.take(file) }),
        () => tell.taken(),
      );
      withdraw("weights");
      tell.done(file.name);
    } catch (error) {
      notice("weights", refusal(file.name, error), { details: error });
    }
  };
  element("save").addEventListener("click", () => void save());
  element("load").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = ""; // so that the same file can be chosen again
    if (file) void load(file);
  });
  return { save: () => void save() };
}

function refusal(name: string, error: unknown): string {
  const kind = (error as Error).name;
  if (kind === "FormatError") return `${name} is not a sound safetensors file. The net is as it was.`;
  if (kind === "FileError" || kind === "NotReadableError") return `${name} could not be read. The net is as it was.`;
  return `${name} has the weights of another net: this page’s is examples/mnist/model.ts. The net is as it was.`;
}

function download(blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = FILE;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
