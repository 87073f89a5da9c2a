import { configuration } from "./configuration.js";

configuration({ isolated: true, worker: false });
