import t from "tap";
import { signAssertion } from "./json-web-token.ts";
import { rsaKeys, verifyAssertion } from "./testdata/fake-endpoint.ts";

t.test("signAssertion() signs header and claims by RS256", async (t) => {
  const { privateKey, publicKey } = rsaKeys();
  const token = signAssertion({ claims: { iss: "ü", iat: 1 }, privateKey, keyId: "k1" });
  t.same(verifyAssertion(token, publicKey), {
    header: { alg: "RS256", typ: "JWT", kid: "k1" },
    claims: { iss: "ü", iat: 1 },
  });
  t.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  t.throws(() => verifyAssertion(token, rsaKeys().publicKey));
  t.same(verifyAssertion(signAssertion({ claims: {}, privateKey }), publicKey).header, {
    alg: "RS256",
    typ: "JWT",
  });
});
