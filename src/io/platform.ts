/** What differs between Node and browsers in reaching files: `#files` in package.json chooses the one at hand. */
export interface Files {
  /** The bytes of a file (in browsers: of what the URL names); null when there is none. */
  read(path: string | URL): Promise<Uint8Array | null>;
  readonly canWrite: boolean;
  /** Replaces the file whole or not at all. The pieces are drawn before the call returns. */
  write(path: string | URL, pieces: () => Iterable<Uint8Array>, options?: { makeFolder?: boolean }): Promise<void>;
  /** Gives the user a file: in browsers as a download of that name. */
  give(path: string | URL, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Unpacks gzip data; null as soon as it proves larger than `maxBytes`. Rejects what is corrupt or cut off. */
  gunzip(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | null>;
}
