/** An authority for tests that need an issuer and not its life. */
import type { AuthorityCertificate } from "../authority-certificate.ts";
import { createAuthorityCertificate } from "../authority-certificate.ts";

/** Start of time in tests with a manual clock: 2026-11-24T00:00:00Z. */
export const testStartMs = Date.UTC(2026, 10, 24);

/** A fresh authority that mints from `nowMs` and lives `lifeMs` (a year by default). */
export function createIssuer(
  nowMs: number = testStartMs,
  lifeMs: number = 365 * 86_400_000,
): AuthorityCertificate {
  return createAuthorityCertificate({
    egressGateway: "default/main",
    nowMs,
    mintFromMs: nowMs,
    lifeMs,
  });
}
