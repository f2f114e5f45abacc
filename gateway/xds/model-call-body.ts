/** How much of a request is held until it is known what becomes of it. */

/**
 * Body held for a signature, which covers its hash, or for the choice of who serves it: all must be there before the
 * first byte goes out. The largest requests that providers document are of 32 MB (Anthropic).
 */
export const modelCallBytes = 32 * 1024 * 1024;
