import { percentOf } from "./answer.js";
import { element, whole } from "./dom.js";
import type { State, Trainer } from "./session.js";
import type { Moment } from "./worker/service.js";

type Backend = Awaited<ReturnType<Trainer["start"]>>;

const PASS = 60_000;

const BUTTON: Record<State, string> = {
  starting: "Start training",
  ready: "Start training",
  waiting: "Fetching digits…",
  training: "Pause",
  paused: "Go on",
};

const STATUS: Record<State, string> = {
  starting: "Loading the library…",
  ready: "Untrained: all it says is chance.",
  waiting: "Starts as soon as the training digits are here.",
  training: "Learning.",
  paused: "Paused. The net keeps what it has learnt.",
};

/** The column that says how training goes. */
export class Panel {
  private readonly go = element<HTMLButtonElement>("go");
  private readonly bar = element<HTMLProgressElement>("progress");
  private readonly status = element("status");
  private pass = -1;

  state(state: State): void {
    this.go.textContent = BUTTON[state];
    this.go.dataset["state"] = state;
    // While it waits it stays enabled: a button that is disabled loses the focus.
    for (const id of ["go", "reset", "save", "load"]) element<HTMLButtonElement>(id).disabled = state === "starting";
    this.go.setAttribute("aria-disabled", String(state === "waiting"));
    this.say(STATUS[state]);
  }

  backend({ relaxed, threads, why, isolated }: Backend): void {
    const line = element("backend");
    const cause = isolated ? "" : ": this page is not cross-origin isolated";
    line.textContent = `WebAssembly ${relaxed ? "relaxed SIMD" : "SIMD"}, ${threads === 1 ? "one thread" : `${threads} threads`}${cause}`;
    line.title = why;
  }

  broken(): void {
    element("backend").textContent = "Not running";
    this.say("The library could not start.");
  }

  /** Read out by screen readers, so only what is news. */
  say(text: string): void {
    this.status.textContent = text;
  }

  seen(seen: number): void {
    const pass = Math.floor(seen / PASS);
    if (this.pass >= 0 && pass === this.pass + 1)
      this.say(`Learning. It has seen all training digits ${pass === 1 ? "once" : `${pass} times`}.`);
    this.pass = pass;
    element("epoch").textContent = `Pass ${pass + 1}`;
    element("seen").textContent = `${whole(seen % PASS)} of ${whole(PASS)} digits`;
    this.bar.value = seen % PASS;
  }

  moment({ seen, rate }: Moment): void {
    this.seen(seen);
    element("rate").textContent = whole(rate < 1000 ? rate : 10 * Math.round(rate / 10));
  }

  accuracy(share: number): void {
    element("accuracy").textContent = `${(100 * share).toFixed(2)} %`;
  }

  /** How much of the digits is here, as long as not all are. */
  loading(share: number): void {
    element("epoch").textContent = "Training digits";
    element("seen").textContent = `${percentOf(share)} of 9.6 MB`;
    this.bar.value = PASS * share;
  }
}
