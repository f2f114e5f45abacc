import t from "tap";
import { lenientPaths } from "./lenient-path.ts";

const elsewhere = [
  "/public/../secret",
  "/public/%2e%2e/secret",
  "/public/..%2fsecret",
  "/public/..%252fsecret",
  "/public/..;x=1/secret",
  "/public\\..\\secret",
  "/public/%c0%ae%c0%ae/secret",
  "//secret",
  "/secret%00/public",
  "/secret;a/b/..",
];
for (const path of elsewhere) {
  t.test(`lenientPaths() finds that ${path} can lead elsewhere`, async (test) => {
    test.ok(lenientPaths(path).includes("/secret"), lenientPaths(path).join(" "));
  });
}

t.test("lenientPaths() leaves a plain path alone, whatever its query says", async (test) => {
  test.same(lenientPaths("/public/x.y?z=/../secret"), ["/public/x.y"]);
});
