/**
 * What the ADS server asks for leaf certificates: `certs` implements it and `gateway/main.ts` injects it,
 * because `gateway` may not import `certs`. One provider serves one EgressGateway.
 */

/** One leaf certificate with its key, ready to be sent to Envoy as an SDS TlsCertificate. */
export interface Leaf {
  /** PEM, leaf first, then the issuer when the authority is an intermediate */
  readonly certificateChainPem: string;
  /** PEM, PKCS#8; secret: never log it */
  readonly privateKeyPem: string;
  /** End of validity in Unix `ms` */
  readonly notAfterMs: number;
  /** Changes whenever the bytes change; the SDS resource version */
  readonly version: string;
}

/** Outcome of asking for a leaf: an expected refusal is a value, never a throw. */
export type LeafAnswer =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "refused"; readonly reason: LeafRefusal; readonly message: string };

/** Why no leaf is given; the names appear in metrics and logs. */
export type LeafRefusal = "malformed-name" | "not-intercepted" | "minting-ceiling";

/** A change the provider makes by itself; the ADS server forwards it to Envoy. */
export type LeafChange =
  | { readonly kind: "renewed"; readonly serverName: string; readonly leaf: Leaf }
  | { readonly kind: "evicted"; readonly serverName: string };

/** Leaf certificates by server name, for one EgressGateway. */
export interface CertificateProvider {
  /**
   * Answers one server name exactly as the agent sent it in SNI (any case, perhaps a trailing dot).
   * Concurrent asks for one name share one minting. Never rejects.
   */
  find(serverName: string): Promise<LeafAnswer>;
  /** Tells the provider that Envoy no longer holds the name, so that it stops renewing it. */
  forget(serverName: string): void;
  /** Calls back for renewals (at two thirds of life, and all live names when the authority rotates) and evictions. Returns an unsubscribe function. */
  subscribe(onChange: (change: LeafChange) => void): () => void;
}
