// The page of bench/chromium.ts.
import type { InitOptions } from "lanegrad";
import { start } from "./lanegrad/peer.js";
import { type Reply, type Task, answering } from "./serve.js";

const options = JSON.parse(decodeURIComponent(location.search.slice(1))) as InitOptions;
let answer: ((task: Task) => Promise<Reply>) | undefined;
const ready = start(options).then((peer) => void (answer = answering(peer)));
Object.assign(globalThis, { bench: { ready, answer: (task: Task) => answer!(task) } });
