// Debian's packages, one apt-get at a time.
import { output, which } from "./run.mjs";

let last = Promise.resolve();

/** Whether apt-get may install here: as root, or through a sudo that asks nothing. */
export function canInstall() {
  return which("apt-get") !== undefined && (isRoot() || output("sudo", ["-n", "true"]) !== undefined);
}

/** Installs packages with a step's runner; `help` is what to do if that fails. */
export function aptInstall(run, packages, help) {
  const [command, ...before] = isRoot() ? ["apt-get"] : ["sudo", "-n", "apt-get"];
  const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, help };
  const apt = (...args) => run(command, [...before, "-q", "-o", "DPkg::Lock::Timeout=300", ...args], options);
  const mine = last.then(async () => {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", ...packages);
  });
  last = mine.catch(() => undefined); // whoever asked for it hears of the failure; the next may still try
  return mine;
}

const isRoot = () => process.getuid?.() === 0;
