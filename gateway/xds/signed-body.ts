/** How much of a request is held until it is signed. */

/** Body held for a signature: it covers the body's hash, so that all must be there before the first byte goes out. */
export const signedBodyBytes = 16 * 1024 * 1024;
