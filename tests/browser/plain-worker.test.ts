import { configuration } from "./configuration.js";

configuration({ isolated: false, worker: true });
