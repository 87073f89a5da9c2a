import { vite } from "./vite.js";

vite("vite");
