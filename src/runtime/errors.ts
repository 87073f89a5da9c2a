/** The base of every error that lanegrad throws on purpose. */
export class LanegradError extends Error {
  override name = "LanegradError";
}

/** Shapes, sizes or dims that do not fit the operation. */
export class ShapeError extends LanegradError {
  override name = "ShapeError";
}

/** A dtype that the operation does not take. */
export class DTypeError extends LanegradError {
  override name = "DTypeError";
}

/** An index, dim or class label outside its range. */
export class IndexError extends LanegradError {
  override name = "IndexError";
}

/** An argument that is not what the function takes: a negative size, NaN, an unknown option. */
export class ArgumentError extends LanegradError {
  override name = "ArgumentError";
}

/** A misuse of autograd: no graph, a graph used twice, a saved tensor changed in place. */
export class AutogradError extends LanegradError {
  override name = "AutogradError";
}

/** A tensor read after `dispose()`, or after the memory of a consumed graph was taken back. */
export class DisposedError extends LanegradError {
  override name = "DisposedError";
}

/** WebAssembly memory is full and nothing more can be given back. */
export class OutOfMemoryError extends LanegradError {
  override name = "OutOfMemoryError";
}

/** A file or a byte stream that is not what its format says. */
export class FormatError extends LanegradError {
  override name = "FormatError";
}

/** A file or URL that could not be read or written. */
export class FileError extends LanegradError {
  override name = "FileError";
}

/** The backend could not start, or a worker thread failed in the middle of a job. */
export class BackendError extends LanegradError {
  override name = "BackendError";
}

/** A worker that hosts a model could not be loaded, ended, or was never one. */
export class WorkerError extends LanegradError {
  override name = "WorkerError";
}
