import type { Curve } from "./history.js";

/** What survives a reload. */
export interface Kept {
  checkpoint: Uint8Array<ArrayBuffer>;
  history: { train: Curve; test: Curve };
  lr: number;
  batchSize: number;
}

const [DATABASE, STORE, KEY] = ["lanegrad-demo", "runs", "mnist"];

/** One record in IndexedDB. Every method rejects where a browser has none, or has no room. */
export const store = {
  load: (): Promise<Kept | undefined> => inStore("readonly", (runs) => runs.get(KEY) as IDBRequest<Kept | undefined>),
  save: (kept: Kept): Promise<unknown> => inStore("readwrite", (runs) => runs.put(kept, KEY)),
  forget: (): Promise<unknown> => inStore("readwrite", (runs) => runs.delete(KEY)),
};

async function inStore<T>(mode: IDBTransactionMode, use: (runs: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = use(transaction.objectStore(STORE));
      // Room is only known to suffice when all is written.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new DOMException("the browser gave no reason", "AbortError"));
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new DOMException("the browser gave no reason", "UnknownError"));
  });
}
