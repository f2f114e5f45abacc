/** Private keys in PEM armour. */
import t from "tap";
import { findPrivateKeys } from "./private-keys.ts";
import type { Span } from "./spans.ts";

function found(text: string): string[] {
  const spans: Span[] = [];
  findPrivateKeys(text, spans);
  return spans.map(({ start, end }) => text.slice(start, end));
}

const key = "-----BEGIN RSA PRIVATE KEY-----\\nMIIEow\\n-----END RSA PRIVATE KEY-----";

t.test("findPrivateKeys() finds each, and one that was cut off to its end", async (t) => {
  t.same(found(`a ${key} b ${key}`), [key, key]);
  t.same(found(`{"pem":"-----BEGIN PRIVATE KEY-----\nMIIE`), ["-----BEGIN PRIVATE KEY-----\nMIIE"]);
  const pgp = "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----";
  t.same(found(pgp), [pgp]);
  t.same(found("-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"), []);
});
