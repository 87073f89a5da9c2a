import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, inject } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** What scripts/setup/packed.mjs prepared: Chromium, and the folder of the projects that have the package installed. */
    packed: { program: string; folder: string };
  }
}

/** What fixtures/train.js gives. */
export interface Training {
  first: number;
  last: number;
  threads: number;
  variant: string;
}

/** The environment of somebody who knows nothing of this repository. */
export const environment = (): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_OPTIONS: "", NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1" };
  for (const name of Object.keys(env)) if (/^(npm_|VITE|TEST$|NODE_ENV$)/.test(name)) delete env[name];
  return env;
};

export const folderOf = (project: string): string => join(inject("packed").folder, project);

/** Runs a program in a project; its standard output. What it says on standard error may be nothing but `expected`. */
export function run(project: string, command: string, args: readonly string[], expected: RegExp = /^$/): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folderOf(project), encoding: "utf8", env: environment() });
  const said = `${command} ${args.join(" ")}\n${stdout}\n${stderr}\n${String(error ?? "")}`;
  expect(status, said).toBe(0);
  expect(stderr.trim(), said).toMatch(expected);
  return stdout;
}

/** Runs a script of a project's package.json. */
export const script = (project: string, name: string, ...args: string[]): string =>
  run(project, "npm", ["run", "--silent", name, ...(args.length > 0 ? ["--", ...args] : [])], /^/);

/** Starts a program of a project that is a server, and waits until it tells its address. @param command a script, with arguments */
export async function startServer(
  project: string,
  ...command: string[]
): Promise<{ url: string; said: () => string; close(): Promise<void> }> {
  const child = spawn(process.execPath, command, { cwd: folderOf(project), env: environment(), stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += String(chunk);
      const found = /http:\/\/localhost:\d+(?=[/\s])/.exec(text);
      if (found) resolve(found[0]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command.join(" ")} ended with status ${code}\n${text}`)));
  });
  return { url, said: () => text, close: () => end(child) };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill();
  });
}

/** The loss must fall, by more than chance. */
export function expectTrained({ first, last }: Training): void {
  expect(last).toBeLessThan(first / 2);
}
