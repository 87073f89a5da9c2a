// A peer in a process of its own: `peer-process.ts <file> <options as JSON>`. Tasks come as lines on stdin, replies go as lines to stdout.
import { createInterface } from "node:readline";
import { type Peer, type Task, answering } from "./serve.js";

const [file, options] = process.argv.slice(2) as [string, string];
const { start } = (await import(`./${file}`)) as { start: (options: unknown) => Promise<Peer> };

const say = (reply: unknown): boolean => process.stdout.write(`${JSON.stringify({ reply })}\n`);
// What a library prints is no reply: out of the way.
console.log = console.info = console.debug = console.error;
try {
  const peer = await start(JSON.parse(options));
  const answer = answering({ ...peer, about: () => ({ ...peer.about?.(), node: process.version }) });
  say("ready");
  for await (const line of createInterface({ input: process.stdin })) say(await answer(JSON.parse(line) as Task));
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
}
process.exit(0);
