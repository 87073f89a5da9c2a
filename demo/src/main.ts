import "../css/page.css";
import { type Run, connect } from "lanegrad/worker";
import { Confusion } from "./confusion.js";
import { Curves } from "./curves.js";
import { element } from "./dom.js";
import { Examples } from "./examples.js";
import { Fetched } from "./fetched.js";
import { Gallery, type TestDigits, pixelsOf } from "./gallery.js";
import { History } from "./history.js";
import { Keeper } from "./keeper.js";
import { Knobs } from "./knobs.js";
import { notice } from "./notices.js";
import { Pad } from "./pad.js";
import { Panel } from "./panel.js";
import { type Listener, Session } from "./session.js";
import type { Kept } from "./store.js";
import { Viewer } from "./viewer.js";
import { offerWeights } from "./weights.js";
import type { Exam } from "./worker/examine.js";
import type { service } from "./worker/service.js";
import stepSource from "./worker/step.ts?raw";

const folder = new URL("./mnist/", document.baseURI).href;
const trainer = connect<typeof service>(new Worker(new URL("./worker/service.ts", import.meta.url), { type: "module" }));

let digits: TestDigits | null = null;
let exam: Exam | null = null;

const history = new History();
const viewer = new Viewer();
const panel = new Panel();
const curves = new Curves(history);
const gallery = new Gallery(() => digits, look);
const confusion = new Confusion((field, byVisitor) => {
  // In a task of its own: together they would hold up the drawing hand.
  setTimeout(() => {
    const shown = gallery.show(field, exam!);
    if (byVisitor) element("spoken").textContent = shown;
  });
});
const knobs = new Knobs((settings) => void trainer.set(settings));
const pad = new Pad(element("pad"), (pixels) => {
  viewer.digit(pixels);
  if (session.state !== "starting") void trainer.look(pixels).then((view) => viewer.show(view));
});

const listener: Listener = {
  state(state) {
    panel.state(state);
    if (state === "paused") void keeper.now();
  },
  view: (view) => viewer.show(view),
  moment(moment) {
    panel.moment(moment);
    history.add("train", moment.seen, moment.loss, moment.accuracy);
    curves.update();
    keeper.soon();
  },
  examining: (busy) => element("matrix").setAttribute("aria-busy", String(busy)),
  exam(result, seen) {
    exam = result;
    panel.seen(seen);
    panel.accuracy(result.accuracy);
    history.add("test", seen, result.loss, result.accuracy);
    curves.update();
    confusion.show(result);
  },
  failed: (error) => notice("training", "Training has stopped. What the net has learnt is still there.", { details: error }),
};

// The test digits come first, a sixth of all bytes: with them the page is alive.
const testDigits = new Fetched(
  "The test digits could not be loaded. You can draw, but there is nothing to train and test on.",
  async () => show(await arrival(trainer.loadTest(folder))),
  () => void fetchDigits(),
);
const trainingDigits = new Fetched(
  "The digits to train on could not be loaded. All else on this page works.",
  () => arrival(trainer.loadTrain(folder)),
  () => void fetchDigits(),
);
const session = new Session(trainer, listener, async () => {
  await testDigits.ready();
  await trainingDigits.ready();
});
const weights = offerWeights(session, {
  taken: () => goBackTo(0),
  done: (name) => panel.say(`The weights of ${name} are in place.`),
});
const keeper = new Keeper(collect, weights.save);

async function start(): Promise<void> {
  try {
    panel.backend(await trainer.start());
  } catch (error) {
    panel.broken();
    return notice("start", error instanceof Error ? error.message : String(error));
  }
  await goOn();
  session.ready();
  pad.repeat(); // something may have been drawn already
  await fetchDigits();
}

/** With the net that this browser kept, if there is one. */
async function goOn(): Promise<void> {
  const kept = await keeper.load();
  try {
    if (kept) await restore(kept);
  } catch (error) {
    notice("kept", "What this browser has kept cannot be read, so the net begins anew.", { details: error });
  }
  await trainer.set(knobs.settings);
}

async function restore({ checkpoint, history: curves, lr, batchSize }: Kept): Promise<Awaited<ReturnType<typeof trainer.restore>>> {
  const restored = await trainer.restore(checkpoint);
  knobs.settings = { lr, batchSize };
  goBackTo(restored.seen);
  Object.assign(history, curves);
  return restored;
}

const saidAlready = (): void => undefined;

async function fetchDigits(): Promise<void> {
  await testDigits.ready().catch(saidAlready);
  if (!digits) return;
  if (session.state !== "training") await session.examine();
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (!connection?.saveData) await trainingDigits.ready().catch(saidAlready);
}

/** Waits for digits, and shows how many are here. */
async function arrival<T>(run: Run<number, T>): Promise<T> {
  for await (const share of run) panel.loading(share);
  panel.seen(session.seen);
  return run;
}

function show(here: TestDigits): void {
  digits = here;
  const examples = new Examples(here, look);
  pad.onDigitKey((digit) => examples.take(digit));
  if (pad.empty) look(0);
}

function look(index: number): void {
  if (digits) pad.show(pixelsOf(digits, index));
}

function goBackTo(seen: number): void {
  session.seen = seen;
  history.clear();
  panel.seen(seen);
  curves.update();
}

/** All that a reload, or an undo, needs. */
async function collect(): Promise<Kept> {
  const { train, test } = history;
  return { checkpoint: await trainer.checkpoint(), history: structuredClone({ train, test }), ...knobs.settings };
}

async function reset(): Promise<void> {
  const before = await collect();
  await session.become(
    async () => ({ seen: 0, view: await trainer.reset() }),
    () => goBackTo(0),
  );
  await keeper.now();
  const undo = (): Promise<void> => session.become(() => restore(before));
  if (before.history.train.seen.length > 0)
    notice("reset", "The net has forgotten everything.", { action: { text: "Undo", run: () => void undo() } });
}

/** The statements of the function in a file, up to its return. */
function bodyOf(source: string): string {
  const [, body = ""] = /\{\n( {2}const [^]*?)\n {2}return/.exec(source) ?? [];
  return body.replace(/^ {2}/gm, "");
}

element("step-code").textContent = bodyOf(stepSource);
element("clear").addEventListener("click", () => pad.clear());
element("go").addEventListener("click", () => void session.toggle());
element("reset").addEventListener("click", () => void reset());
window.addEventListener("unhandledrejection", ({ reason }) =>
  notice("unexpected", "Something went wrong. If the page no longer answers, reload it: what it kept comes back.", { details: reason }),
);
void start();
