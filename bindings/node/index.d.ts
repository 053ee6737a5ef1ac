/// <reference lib="esnext.disposable" />

/** One name of a path: text, or bytes taken as they are. */
export type Segment = string | Uint8Array;

/**
 * A resource. Text is split at `/`, and `''` is the root: everything. A list of
 * segments is taken as it is, so a segment may hold `/`, NUL or nothing; `[]` is
 * the root. Different strings are different names, also those with surrogates
 * that lack their partner. A string and its UTF-8 bytes are the same name.
 */
export type Path = string | readonly Segment[];

/**
 * What to lock, all or nothing. Each mode takes one path as a string, or a list
 * of paths: `{ write: ['a/b', ['x', 'y']], read: 'c' }` writes `a/b` and `x/y`
 * and reads `c`. (A single path made of segments is a list of one:
 * `{ write: [['x', 'y']] }`.)
 */
export interface Claims {
  /** Exclusive, on each path and all below it. */
  readonly write?: string | readonly Path[] | undefined;
  /** Shared with other reads, on each path and all below it. */
  readonly read?: string | readonly Path[] | undefined;
  /**
   * Exclusive, on each path's own entry alone: on the path itself, as a directory's
   * list of names, and not on what is below it. It conflicts with claims on that
   * entry, on the path and above. A write of the path or above covers it, and a read
   * covers a read of it.
   */
  readonly writeEntry?: string | readonly Path[] | undefined;
  /** Shared with other reads, on each path's own entry alone. */
  readonly readEntry?: string | readonly Path[] | undefined;
}

/** What `acquire` needs of an `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: any;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** How long `acquire` waits. */
export interface AcquireOptions {
  /**
   * Milliseconds to wait at most. 0 tries: what is not free now is refused.
   * Left out: as long as it takes.
   */
  readonly timeout?: number | undefined;
  /** Gives up when it is aborted, and rejects with its `reason`. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Bounds on each request, from 0 to 2³²-1. */
export interface ManagerOptions {
  /** The most claims in one request. Default 4,096. */
  readonly maxClaims?: number | undefined;
  /** The most segments in one path. Default 1,024. A path's entry is no segment. */
  readonly maxSegments?: number | undefined;
  /**
   * The most segments in all paths of one request together, each entry counted
   * as one more, which bounds its memory. Default 16,384.
   */
  readonly maxRequestSegments?: number | undefined;
  /** The most bytes in one path, separators not counted. Default 65,536. */
  readonly maxPathBytes?: number | undefined;
}

/**
 * A lock manager: a tree of paths, and the requests that hold and wait.
 *
 * A manager without a name belongs to the thread that made it. Managers with
 * the same name are one, in all threads of the process. Requests that conflict
 * are granted in the order of their calls, across threads too.
 */
export class Manager {
  /** @throws {OarlockError} `OARLOCK_INVALID_ARGUMENT` */
  constructor(options?: ManagerOptions);

  /**
   * The manager of this name in this process, made with the default limits if
   * there is none. It lives as long as anything of it is in use.
   *
   * @throws {OarlockError} `OARLOCK_INVALID_ARGUMENT` if the name is no string,
   * or one with surrogates that lack their partner.
   */
  static named(name: string): Manager;

  /** The name, if it was made by `named`. */
  readonly name: string | undefined;

  /** Whether `close` was called, in whatever thread. */
  readonly closed: boolean;

  /**
   * Acquires all the claims. Takes its place in the queue before it returns and
   * never throws: all errors reject the promise.
   *
   * Of grant, timeout, abort and close exactly one wins. A promise that rejects
   * leaves nothing behind in the queue. While it waits it keeps the process
   * alive if the manager has a name, a `signal` was passed, or (as a timer does)
   * a `timeout`.
   *
   * Rejects with an {@link OarlockError}, or with the signal's reason.
   */
  acquire(claims: Claims, options?: AcquireOptions): Promise<Guard>;

  /**
   * Acquires all the claims if that is possible at once; otherwise `null`.
   * Never queues.
   *
   * @throws {OarlockError} if the claims are refused or the manager is closed.
   */
  tryAcquire(claims: Claims): Guard | null;

  /**
   * Takes a place in the queue, and tells at any time how the request stands.
   *
   * @throws {OarlockError} if the claims are refused or the manager is closed.
   */
  enqueue(claims: Claims): Pending;

  /**
   * Closes the manager in all threads: every waiting request, and every later
   * one, ends with `OARLOCK_CLOSED`. Locks that are held stay held until they
   * are released. Closing twice does nothing.
   */
  close(): void;

  readonly [Symbol.toStringTag]: string;
}

/**
 * A granted request. `release` it when done, or declare it with `using`. A guard
 * that is forgotten is released when it is collected as garbage, at a time that
 * nobody knows; one whose worker ends is released then.
 */
export class Guard {
  private constructor();

  /** The number of the request within its manager. */
  readonly id: bigint;

  /**
   * The fencing token: of two conflicting requests the later one has the greater
   * token. A store that remembers the greatest one it has seen can refuse a
   * holder whose time has passed.
   */
  readonly token: bigint;

  /** Whether `release` was called. */
  readonly released: boolean;

  /**
   * Releases all claims.
   *
   * @throws {OarlockError} `OARLOCK_STALE` if it was released before.
   */
  release(): void;

  /** Releases all claims, unless that was done before. */
  [Symbol.dispose](): void;

  /** Releases all claims, unless that was done before. */
  [Symbol.asyncDispose](): Promise<void>;

  readonly [Symbol.toStringTag]: string;
}

/** A request that has its place in the queue. */
export class Pending {
  private constructor();

  /** The number of the request within its manager. */
  readonly id: bigint;

  /** How it stands now. `ended`: cancelled, released, or its manager is closed. */
  readonly state: 'waiting' | 'acquired' | 'ended';

  /**
   * Its outcome: the guard, or an {@link OarlockError} with `OARLOCK_CANCELLED`
   * or `OARLOCK_CLOSED`. Once asked for, it keeps the process alive until then
   * if the manager has a name.
   */
  readonly promise: Promise<Guard>;

  /**
   * Leaves the queue, if it still waits. `true`: it is cancelled; `false`: the
   * grant came first, or it had ended before.
   */
  cancel(): boolean;

  /** Cancels or releases it, whichever it takes. */
  [Symbol.dispose](): void;

  /** Cancels or releases it, whichever it takes. */
  [Symbol.asyncDispose](): Promise<void>;

  readonly [Symbol.toStringTag]: string;
}

/** What an {@link OarlockError} is about. */
export type OarlockErrorCode =
  /** The request claims nothing. */
  | 'OARLOCK_NO_CLAIMS'
  /** The claims have a key that is none of `read`, `write`, `readEntry` and `writeEntry`. */
  | 'OARLOCK_UNKNOWN_MODE'
  /** Text such as `a//b`, `/a` or `a/`. */
  | 'OARLOCK_EMPTY_SEGMENT'
  /** More claims than `maxClaims`. */
  | 'OARLOCK_TOO_MANY_CLAIMS'
  /** A path with more segments than `maxSegments`. */
  | 'OARLOCK_TOO_MANY_SEGMENTS'
  /** Paths with more segments together than `maxRequestSegments`. */
  | 'OARLOCK_REQUEST_TOO_LARGE'
  /** A path with more bytes than `maxPathBytes`. */
  | 'OARLOCK_PATH_TOO_LONG'
  /** The manager has as many live requests as it can number. */
  | 'OARLOCK_TOO_MANY_REQUESTS'
  /** Something of the wrong type, or an option that does not exist. */
  | 'OARLOCK_INVALID_ARGUMENT'
  /** A timeout below 0. */
  | 'OARLOCK_NEGATIVE_TIMEOUT'
  /** A timeout that is NaN, or not of type `number`. */
  | 'OARLOCK_INVALID_TIMEOUT'
  /** A timeout that leads beyond the last moment of a `Date`. */
  | 'OARLOCK_TIMEOUT_TOO_LARGE'
  /** The time was up. */
  | 'OARLOCK_TIMEOUT'
  /** The request was cancelled. */
  | 'OARLOCK_CANCELLED'
  /** The manager is closed. */
  | 'OARLOCK_CLOSED'
  /** The guard was released before. */
  | 'OARLOCK_STALE'
  /** The native module cannot be loaded. */
  | 'OARLOCK_NOT_BUILT'
  /** A mistake in Oarlock itself. */
  | 'OARLOCK_PANIC';

/** An error of Oarlock. */
export class OarlockError extends Error {
  constructor(code: OarlockErrorCode, message?: string, options?: { cause?: unknown });
  readonly code: OarlockErrorCode;
}
