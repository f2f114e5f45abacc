/** How large a request's body may be said to be at most. */

/** Largest bound of a body in `bytes`, 1 TiB: more passes no gateway within the time that a request has. */
export const maxRequestBytes: number = 2 ** 40;
