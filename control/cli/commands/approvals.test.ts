/** `clrk approvals`, `approve` and `deny`, against a control socket. */
import t from "tap";
import { openQuestionWith } from "../testdata/open-question.ts";
import { createFakeContext } from "../testdata/fake-context.ts";
import { openFakeControl } from "../testdata/fake-control.ts";

t.test("approvals() lists questions, as a table and as JSON", async (test) => {
  const context = await createFakeContext(test);
  await using control = await openFakeControl(context.home);
  test.equal(await context.clrk("approvals"), 0);
  test.equal(context.stdout(), "No call waits for confirmation\n");
  control.questions = [openQuestionWith()];
  test.equal(await context.clrk("approvals", "-o", "json"), 0);
  test.same(JSON.parse(context.stdout()), { items: [openQuestionWith()] });
});

t.test("approve() and deny() answer a question that is open", async (test) => {
  const context = await createFakeContext(test);
  await using control = await openFakeControl(context.home);
  control.questions = [openQuestionWith(), openQuestionWith({ id: "ab", asks: "webhook" })];
  test.equal(await context.clrk("approve", "0123456789"), 0);
  test.equal(context.stdout(), "Approved 0123456789\n");
  test.equal(await context.clrk("deny", "--reason", "not now", "0123456789"), 0);
  test.same(control.calls, ["approve 0123456789", "deny 0123456789 not now"]);
  test.equal(await context.clrk("approve", "ab"), 1);
  test.match(context.stderr(), /a webhook decides about it/);
  test.equal(await context.clrk("approve", "cd"), 1);
  test.match(context.stderr(), /Cannot answer question "cd": it is not open, or no more/);
});

t.test("approvals() wants a gateway that runs", async (test) => {
  const context = await createFakeContext(test);
  test.equal(await context.clrk("approvals"), 1);
  test.match(context.stderr(), /No gateway is running/);
});
