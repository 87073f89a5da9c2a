import type { Question } from "./page.js";
import { reply } from "./reply.js";

self.addEventListener("message", ({ data }: MessageEvent<Question>) => void reply(data).then((answer) => self.postMessage(answer)));
