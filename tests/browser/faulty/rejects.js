await Promise.reject(new RangeError("no WebAssembly here"));
