import { isIP } from "node:net";
import t from "tap";
import { ownAddresses } from "./own-addresses.ts";

t.test("ownAddresses() has those of loopback, and nothing but addresses", async (test) => {
  const found = ownAddresses();
  test.ok(found.includes("127.0.0.1"));
  for (const address of found) test.not(isIP(address), 0, address);
});
