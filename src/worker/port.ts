/** The other end of a worker's messages, wherever the worker lives. */
export interface Port {
  post(message: unknown, transfer: Transferable[]): void;
  /** A lock that this thread holds until it ends, where the other end is not told of that. */
  holdLock(): Promise<string | null>;
  listen(listener: (data: unknown) => void): void;
}
