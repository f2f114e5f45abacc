/** Tokens in the template of a policy, rendered once for each token. */

import type { SimplePart } from "../../crds/value-template.ts";
import { readValueTemplate } from "../../crds/value-template.ts";
import { SecretValue } from "../secret-value.ts";
import type { Mint } from "./mint-outcome.ts";
import { mintFailure } from "./mint-outcome.ts";

/** Longer values fit no header: servers take 8 to 16 KiB, and Envoy 60 KiB for all headers of a request. */
const maxLength = 32 * 1024;

/**
 * Mints as `mint` does, and puts each token into the template, as the schema has checked it: its one key is `token`. The
 * result is a legal header value, because template and token are. Throws a RangeError for a template that is none.
 */
export function templateMint(mint: Mint, template: string): Mint {
  const reading = readValueTemplate(template);
  if (reading.kind === "invalid") throw new RangeError(`Cannot read template: ${reading.detail}`);
  return async (signal) => {
    const outcome = await mint(signal);
    if (outcome.kind === "failed") return outcome;
    const token = outcome.parts.get("")?.reveal() ?? "";
    const fill = (part: SimplePart) => (part.kind === "text" ? part.text : token);
    const text = reading.value
      .map((part) =>
        part.kind === "base64"
          ? Buffer.from(part.parts.map(fill).join("")).toString("base64")
          : fill(part),
      )
      .join("");
    if (text.length > maxLength) {
      return mintFailure("malformed", "the template with its token in it is longer than 32 KiB");
    }
    return { ...outcome, parts: new Map([["", new SecretValue(text)]]) };
  };
}
