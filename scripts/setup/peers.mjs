// The libraries that the bench measures lanegrad against, in bench/peers: hundreds of megabytes, so only for the bench.
import { npmPackages } from "./npm.mjs";

export const peers = () => npmPackages("packages of the bench's peers", "bench/peers");
