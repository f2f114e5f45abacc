/** Tests of names of error codes. */
import t from "tap";
import { ERROR, errorName } from "./protocol.ts";

t.test(
  "errorName() knows every code of RFC 9113, and takes others for INTERNAL_ERROR",
  async (t) => {
    for (const [name, code] of Object.entries(ERROR)) t.equal(errorName(code), name);
    for (const code of [0xe, 0xffff_ffff]) t.equal(errorName(code), "INTERNAL_ERROR");
  },
);
