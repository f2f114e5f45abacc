/** Check digits, by numbers that standards and networks publish as examples. */
import t from "tap";
import { hasIbanCheck, hasLuhnCheck } from "./check-digits.ts";

t.test(
  "hasLuhnCheck() takes test numbers of networks, and none with a digit changed",
  async (t) => {
    for (const number of [
      "4111111111111111",
      "378282246310005",
      "5555555555554444",
      "6011111111111117",
    ]) {
      t.ok(hasLuhnCheck(number), number);
      for (let at = 0; at < number.length; at++) {
        const other = String((Number(number[at]) + 1) % 10);
        t.notOk(hasLuhnCheck(number.slice(0, at) + other + number.slice(at + 1)), `digit ${at}`);
      }
    }
  },
);

t.test(
  "hasIbanCheck() takes examples of the registry in any case, and none with two characters swapped",
  async (t) => {
    for (const account of ["DE89370400440532013000", "GB29NWBK60161331926819", "NO9386011117947"]) {
      t.ok(hasIbanCheck(account), account);
      t.ok(hasIbanCheck(account.toLowerCase()), account);
      for (let at = 4; at + 1 < account.length; at++) {
        if (account[at] === account[at + 1]) continue;
        const swapped =
          account.slice(0, at) + account[at + 1] + account[at] + account.slice(at + 2);
        t.notOk(hasIbanCheck(swapped), swapped);
      }
    }
  },
);
