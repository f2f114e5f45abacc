/** AWS Signature Version 4 for requests as they leave the proxy; the parts are in `credentials/sigv4`. */

export type { HeaderEntry } from "./credentials/sigv4/canonical-request.ts";
export type {
  CreateSignerOutcome,
  PresignableRequest,
  PresignOutcome,
  SignableRequest,
  Signer,
  SignerOptions,
  SignOutcome,
  Unsignable,
} from "./credentials/sigv4/sign.ts";
export { createSigner, EMPTY_PAYLOAD_HASH, hashPayload } from "./credentials/sigv4/sign.ts";
