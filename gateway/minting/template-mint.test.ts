import t from "tap";
import { SecretValue } from "../secret-value.ts";
import { mintFailure } from "./mint-outcome.ts";
import type { Mint } from "./mint-outcome.ts";
import { templateMint } from "./template-mint.ts";
import { failed, minted, wordOf } from "./testdata/fake-endpoint.ts";

const mint: Mint = async () => ({
  kind: "minted",
  parts: new Map([["", new SecretValue("ghs_a")]]),
  askedNs: 1n,
  lifeMs: 2,
});

t.test("templateMint() puts the token into the template", async (t) => {
  const basic = templateMint(mint, `Basic \${base64(x-access-token:\${token})}`);
  const encoded = Buffer.from("x-access-token:ghs_a").toString("base64");
  const outcome = await minted(basic);
  t.equal(wordOf(outcome), `Basic ${encoded}`);
  t.match(outcome, { askedNs: 1n, lifeMs: 2 });
  t.equal(wordOf(await minted(templateMint(mint, `$$\${token};\${token}`))), "$ghs_a;ghs_a");
});

t.test("templateMint() makes nothing that fits no header", async (t) => {
  const long = templateMint(mint, `\${token}`.repeat(100));
  t.equal(wordOf(await minted(long)).length, 500);
  const parts = new Map([["", new SecretValue("x".repeat(16_384))]]);
  const huge: Mint = async () => ({ kind: "minted", parts, askedNs: 1n, lifeMs: 2 });
  t.match(await failed(templateMint(huge, `\${token}`.repeat(3))), { failure: "malformed" });
});

t.test("templateMint() passes failures on, and takes no template that is none", async (t) => {
  const failing = templateMint(async () => mintFailure("timeout", "late"), `\${token}`);
  t.match(await failing(new AbortController().signal), { failure: "timeout" });
  t.throws(() => templateMint(mint, "none"), RangeError);
});
