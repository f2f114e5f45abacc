/** Tests which gateway a name means, and what is said where it means none. */
import t from "tap";
import { chooseGateway } from "./gateway-choice.ts";

const served = (...names: string[]) =>
  names.map((it) => {
    const [namespace = "", name = ""] = it.split("/");
    return { gateway: { namespace, name } };
  });
const two = served("default/egress", "team-a/other");

t.test("chooseGateway() takes the only one, or the one of that name", async (t) => {
  const [only] = served("default/egress");
  t.same(chooseGateway(served("default/egress"), undefined), only);
  t.equal(chooseGateway(two, "other"), two[1]);
  t.equal(chooseGateway(two, "default/egress"), two[0]);
});

const refusals = [
  { all: [], wanted: undefined, message: "No EgressGateway is served: apply one first" },
  {
    all: [],
    wanted: "egress",
    message: 'No EgressGateway "egress" is served here: there are none',
  },
  {
    all: two,
    wanted: "team-b/other",
    message:
      'No EgressGateway "team-b/other" is served here: there are default/egress, team-a/other',
  },
  {
    all: two,
    wanted: undefined,
    message:
      "Several EgressGateways are served (default/egress, team-a/other): say which with --gateway",
  },
  {
    all: served("a/egress", "b/egress"),
    wanted: "egress",
    message: "Several EgressGateways are served (a/egress, b/egress): say which with --gateway",
  },
];

for (const { all, wanted, message } of refusals) {
  t.test(`chooseGateway() of ${wanted} among ${all.length} says why not`, async (t) => {
    const code = "CLRK_PRECONDITION_FAILED";
    t.throws(() => chooseGateway(all, wanted), { code, message, expose: message });
  });
}
