/** Tests the three kinds of SDS secrets. */
import t from "tap";
import { SecretValue } from "../secret-value.ts";
import { credentialSecret, leafSecret, upstreamTrustSecret } from "./secret.ts";

t.test("credentialSecret() is a generic secret under its resource name", async (t) => {
  t.same(credentialSecret("secret/default/a/token", new SecretValue("sk-1")), {
    name: "secret/default/a/token",
    genericSecret: { secret: { inlineString: "sk-1" } },
  });
});

t.test("leafSecret() is a certificate under the server name that asked", async (t) => {
  const leaf = { certificateChainPem: "CHAIN", privateKeyPem: "KEY", notAfterMs: 1, version: "v" };
  t.same(leafSecret("A.example.com", leaf), {
    name: "A.example.com",
    tlsCertificate: {
      certificateChain: { inlineString: "CHAIN" },
      privateKey: { inlineString: "KEY" },
    },
  });
});

t.test("upstreamTrustSecret() is a validation context", async (t) => {
  t.same(upstreamTrustSecret("ROOTS"), {
    name: "trust/upstream",
    validationContext: { trustedCa: { inlineString: "ROOTS" } },
  });
});
