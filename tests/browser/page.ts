import type { Answers } from "./answers.js";

/** page.html?worker has a module worker answer; otherwise the page's main thread does. */
export type Question = { [K in keyof Answers]: [K, ...Parameters<Answers[K]>] }[keyof Answers];
export type Reply = { value: unknown } | { error: string };

type Ask = (question: Question) => Promise<Reply>;

function askWorker(): Ask {
  const worker = new Worker(new URL("./in-worker.js", import.meta.url), { type: "module" });
  const ended = new Promise<Reply>((resolve) =>
    worker.addEventListener("error", ({ message }) => resolve({ error: `the worker of the test ended: ${message}` })),
  );
  return (question) => {
    const answered = new Promise<Reply>((resolve) =>
      worker.addEventListener("message", ({ data }: MessageEvent<Reply>) => resolve(data), { once: true }),
    );
    worker.postMessage(question);
    return Promise.race([answered, ended]);
  };
}

// Loaded only here, so that with a worker nothing of the library runs on the main thread.
const askHere: Ask = async (question) => (await import("./reply.js")).reply(question);

Object.assign(globalThis, { ask: location.search === "?worker" ? askWorker() : askHere });
