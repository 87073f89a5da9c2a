/** The other end of a worker's messages, wherever the worker lives. */
export interface Port {
  post(message: unknown, transfer: Transferable[]): void;
  listen(listener: (data: unknown) => void): void;
}
