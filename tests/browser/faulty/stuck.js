// The true worker, but it gets stuck with a part of a job in hand.
import "./trap.js";
import "../thread-worker.browser.js";
