// The command line of the bench.
import { parseArgs } from "node:util";
import { engineNames, peerNames } from "./sides.js";

const help = `npm run bench [-- options]
  --quick            one short round: about ten minutes instead of forty
  --only <regex>     rows whose "subject name" matches, as in --only "gemm 512|training"
  --peers <list>     beside lanegrad on this Node, of ${[...engineNames.slice(1), ...peerNames].join(", ")};
                     "all" (default), or "none": lanegrad alone, which needs no further packages
  --threads 1,2      thread counts of lanegrad and PyTorch; default 1 and 2
  --relaxed          lanegrad runs its relaxed build, on Node 20 by a flag
  --json <file>      where the numbers go, after each row; default bench/results/<date>.json
  --markdown <file>  the table of the README, too`;

export interface Options {
  quick: boolean;
  only: RegExp;
  /** Sides beside lanegrad on this Node. */
  peers: string[];
  threads: number[];
  relaxed: boolean;
  json?: string;
  markdown?: string;
}

/** @throws Error that says what is wrong with the command line */
export function optionsOf(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      peers: { type: "string", default: "all" },
      threads: { type: "string", default: "1,2" },
      relaxed: { type: "boolean", default: false },
      json: { type: "string" },
      markdown: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const threads = values.threads.split(",").map(Number);
  if (!threads.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new Error(`--threads ${values.threads}: expected whole numbers from 1 on, as in --threads 1,4`);
  }
  const known = [...engineNames.slice(1), ...peerNames];
  const peers =
    values.peers === "all" ? known : values.peers === "none" ? [] : values.peers.split(",").filter((name) => name !== "lanegrad");
  const unknown = peers.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--peers: there is no ${unknown}; choose from ${known.join(", ")}, all or none`);
  return { ...values, only: new RegExp(values.only, "i"), peers, threads };
}
