/** Unit tests of finding the Envoy binary. */
import t from "tap";
import { envoyBinary, findEnvoy, parseEnvoyVersion } from "./envoy-binary.ts";

t.test("envoyBinary() prefers CLRK_ENVOY and ignores an empty one", async (t) => {
  t.equal(envoyBinary({ CLRK_ENVOY: "/opt/envoy" }), "/opt/envoy");
  t.equal(envoyBinary({ CLRK_ENVOY: "" }), "envoy");
  t.equal(envoyBinary({}), "envoy");
});

t.test("parseEnvoyVersion() reads the version line", async (t) => {
  const line = "\n/x/envoy  version: 0f1a2b/1.40.0/Clean/RELEASE/BoringSSL\n\n";
  t.equal(parseEnvoyVersion(line), "1.40.0");
  for (const text of ["", "envoy 1.40.0", "version: zz/1.40.0/Clean"]) {
    t.equal(parseEnvoyVersion(text), undefined);
  }
});

t.test("findEnvoy() says what to set when there is none", async (t) => {
  t.same(await findEnvoy("/nowhere/envoy"), {
    kind: "absent",
    reason: 'no Envoy at "/nowhere/envoy": set CLRK_ENVOY to a 1.40 binary',
  });
  t.same(await findEnvoy(process.execPath), {
    kind: "absent",
    reason: `"${process.execPath}" does not tell its version`,
  });
});
