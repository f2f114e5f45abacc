import t from "tap";
import { Canaries, injectedCredentials, placeholder } from "./canaries.ts";

t.test("findIn() names canaries in plain, percent-encoded and base64 form", async (test) => {
  const canaries = new Canaries();
  test.same(canaries.findIn("nothing"), []);
  test.same(canaries.findIn(`x ${injectedCredentials.upstream} y`), ["upstream"]);
  test.same(canaries.findIn(encodeURIComponent(injectedCredentials.query)), ["query"]);
  test.same(canaries.findIn(btoa(`user:${placeholder}:`)), ["placeholder"]);
});

t.test("add() makes a run's token a canary", async (test) => {
  const canaries = new Canaries();
  canaries.add("token of a run", "0123456789abcdef0123456789abcdef");
  test.same(canaries.leaksIn("log", "0123456789abcdef0123456789abcdef"), [
    { canary: "token of a run", where: "log" },
  ]);
});
