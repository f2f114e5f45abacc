import t from "tap";
import { CallSigner, decodeSignature } from "./thought-signatures.ts";

const unchecked = "skip_thought_signature_validator";

t.test("sign() signs the first call of a turn where that is required", async (t) => {
  const signer = new CallSigner("required");
  t.equal(signer.sign(null), unchecked);
  t.equal(signer.sign(null), undefined);
});

t.test("sign() keeps signatures", async (t) => {
  const signer = new CallSigner("required");
  t.equal(signer.sign("c2ln"), "c2ln");
  t.equal(signer.sign(null), undefined);
  t.equal(signer.sign("b3Ro"), "b3Ro");
});

t.test("sign() signs nothing where that is optional", async (t) => {
  const signer = new CallSigner("optional");
  t.equal(signer.sign(null), undefined);
  t.equal(signer.sign("c2ln"), "c2ln");
});

t.test("decodeSignature() reads signatures that prove something", async (t) => {
  t.equal(decodeSignature("c2ln"), "c2ln");
  for (const none of [unchecked, "", null, undefined, 7, {}]) t.equal(decodeSignature(none), null);
});
