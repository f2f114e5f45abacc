/** The banner of what audits: loud on a terminal, plain in a pipe. */
import t from "tap";
import { auditBanners } from "./audit-banner.ts";
import { createPalette } from "./colour.ts";

const plain = createPalette({ isTerminal: false, environment: {} });
const coloured = createPalette({ isTerminal: true, environment: {} });
const audits = ["EgressGateway default/egress"];
const line =
  "AUDIT: nothing is refused by EgressGateway default/egress, what would be is only recorded";

t.test("auditBanners() is silent where all is enforced", async (t) => {
  t.strictSame(auditBanners([{}, { audits: [] }], plain), []);
});

t.test("auditBanners() names what audits, a line for each gateway", async (t) => {
  t.strictSame(auditBanners([{ audits }, {}, { audits }], plain), [line, line]);
});

t.test("auditBanners() is bold and red on a terminal, and deaf to names", async (t) => {
  t.strictSame(auditBanners([{ audits }], coloured), [
    `\u001b[1m\u001b[31m${line}\u001b[39m\u001b[22m`,
  ]);
  t.match(auditBanners([{ audits: ["a\u001b[2J"] }], plain), ["by a\\x1b[2J"]);
});
