import { workerData } from "node:worker_threads";
import { type WorkerStart, serve } from "./worker.js";

serve(workerData as WorkerStart);
