import { type WorkerStart, serve } from "./worker.js";

self.addEventListener("message", (event: MessageEvent<WorkerStart>) => serve(event.data), { once: true });
