import type { Remote, Run } from "lanegrad/worker";
import type { Exam } from "./worker/examine.js";
import type { View } from "./worker/look.js";
import type { Moment, service } from "./worker/service.js";

export type Trainer = Remote<typeof service>;
export type State = "starting" | "ready" | "waiting" | "training" | "paused";

export interface Listener {
  state(state: State): void;
  moment(moment: Moment): void;
  examining(busy: boolean): void;
  exam(exam: Exam, seen: number): void;
  view(view: View): void;
  /** Training has ended by an error; it can be started again. */
  failed(error: unknown): void;
}

/** One net in the worker, and whether it is being trained. */
export class Session {
  state: State = "starting";
  seen = 0;
  private run: Run<Moment | null, void> | null = null;
  private examination: ReturnType<Trainer["examine"]> | null = null;
  private ended = Promise.resolve();

  /** @param digits resolves when there are digits to train on */
  constructor(
    readonly trainer: Trainer,
    private readonly listener: Listener,
    private readonly digits: () => Promise<unknown>,
  ) {}

  /** The net can be used. */
  ready(): void {
    this.enter(this.seen > 0 ? "paused" : "ready");
  }

  /** Starts, pauses or goes on, whichever is next. */
  async toggle(): Promise<void> {
    if (this.state === "training") return this.pause();
    if (this.state === "paused" && this.run) {
      this.examination?.cancel();
      this.run.resume();
      return this.enter("training");
    }
    if (this.state === "waiting" || this.state === "starting") return;
    const before = this.state;
    this.enter("waiting");
    try {
      await this.digits();
    } catch {
      return this.enter(before); // who loads them says so
    }
    this.examination?.cancel();
    this.ended = this.follow();
    this.enter("training");
  }

  private async pause(): Promise<void> {
    this.run?.pause();
    this.enter("paused");
    await this.examine();
  }

  /** Ends training for good; the net is as it is then. */
  async stop(): Promise<void> {
    this.run?.cancel();
    await this.ended;
  }

  /**
   * Puts another net in its place: `replace` has the worker do it. If that fails the net is as it was, but paused.
   *
   * @param then what is to happen before the new net is examined
   */
  async become(replace: () => Promise<{ seen: number; view: View }>, then?: () => void): Promise<void> {
    this.examination?.cancel();
    await this.stop();
    try {
      const { seen, view } = await replace();
      this.seen = seen;
      then?.();
      this.listener.view(view);
    } finally {
      this.enter(this.seen > 0 ? "paused" : "ready");
    }
    await this.examine();
  }

  /** Examines the net while it is not being trained; without a result if that changes. */
  async examine(): Promise<void> {
    this.listener.examining(true);
    const run = (this.examination = this.trainer.examine());
    try {
      const { seen, exam } = await run;
      this.seen = seen;
      if (exam) this.listener.exam(exam, seen);
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      if (this.examination === run) {
        this.examination = null;
        this.listener.examining(false);
      }
    }
  }

  private async follow(): Promise<void> {
    const run = this.trainer.train();
    this.run = run;
    try {
      for await (const moment of run) {
        if (!moment) continue;
        this.seen = moment.seen;
        this.listener.moment(moment);
        this.listener.view(moment.view);
        if (moment.exam) this.listener.exam(moment.exam, moment.seen);
      }
    } catch (error) {
      if (!isAbort(error)) {
        this.enter("paused");
        this.listener.failed(error);
      }
    } finally {
      this.run = null;
    }
  }

  private enter(state: State): void {
    this.state = state;
    this.listener.state(state);
  }
}

const isAbort = (error: unknown): boolean => (error as Error).name === "AbortError";
