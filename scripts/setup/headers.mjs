// What servers send beside a page.

/** The headers that let a page have threads. */
export const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** As strict as a page with WebAssembly can be: no eval, no script in the page, none and no worker from blob: or data: URLs. */
export const strictPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:";

export const underPolicy = (policy = strictPolicy) => ({ "Content-Security-Policy": policy });
