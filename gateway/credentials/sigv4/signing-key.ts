/**
 * The derived key of AWS Signature Version 4, good for one day, region and service. It is kept as a KeyObject, which
 * shows nothing when it is inspected; one key holds at most one day's derivation.
 */

import type { KeyObject } from "node:crypto";
import { createHmac, createSecretKey } from "node:crypto";
import type { SecretValue } from "../../secret-value.ts";

/** What a key is derived from, but for the day. */
export interface SigningKeyOptions {
  readonly secretAccessKey: SecretValue;
  readonly region: string;
  readonly service: string;
}

/** Signs texts of any day; deriving again costs five hashes, which happens at midnight UTC only. */
export class SigningKey {
  readonly #options: SigningKeyOptions;
  #day = "";
  #derived: KeyObject | undefined;

  constructor(options: SigningKeyOptions) {
    this.#options = options;
  }

  /** What the key of a day (`YYYYMMDD`, UTC) is good for, as it stands in credentials and in the text to sign. */
  scope(day: string): string {
    return `${day}/${this.#options.region}/${this.#options.service}/aws4_request`;
  }

  /** HMAC-SHA256 of the text under the day's key, in lower-case hex. */
  sign(day: string, text: string): string {
    if (this.#derived === undefined || day !== this.#day) {
      this.#derived = this.#derive(day);
      this.#day = day;
    }
    return createHmac("sha256", this.#derived).update(text).digest("hex");
  }

  #derive(day: string): KeyObject {
    const { secretAccessKey, region, service } = this.#options;
    let key = createSecretKey(Buffer.from(`AWS4${secretAccessKey.reveal()}`));
    for (const part of [day, region, service, "aws4_request"]) {
      key = createSecretKey(createHmac("sha256", key).update(part).digest());
    }
    return key;
  }
}
