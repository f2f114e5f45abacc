/** The one error class of this directory: broken certificates, keys, files. Its text never holds key material. */

/**
 * Raised when bytes that came from a file or a peer cannot be used as a certificate, key or authority.
 * The message is safe to log; `cause` carries the original error where there is one.
 */
export class CertificateError extends Error {
  static {
    this.prototype.name = "CertificateError";
  }

  /** Stable identifier to match on */
  readonly code: "CLRK_CERTIFICATE";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = "CLRK_CERTIFICATE";
  }
}
