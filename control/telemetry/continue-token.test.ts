/** Tests of continue tokens: only our own are read. */
import t from "tap";
import { encodePlace, tryDecodePlace } from "./continue-token.ts";

t.test("a place survives the way there and back", async (t) => {
  const place = {
    highWater: 1883154882618197801n,
    timeNs: 1_780_000_000_000_000_001n,
    sequence: 7n,
  };
  t.same(tryDecodePlace(encodePlace(place)), place);
});

t.test("other text is none", async (t) => {
  const tooLarge = Buffer.from(`1 ${2n ** 63n} 1 1`).toString("base64url");
  const others = ["", "x", "a b", Buffer.from("2 1 1 1").toString("base64url"), tooLarge];
  for (const text of others) t.equal(tryDecodePlace(text), undefined, text);
});
