/** Assertions of service accounts, held against a fake of Google's endpoint that checks what Google does. */
import t from "tap";
import { ManualClock } from "../clock.ts";
import type { ServiceAccountRecipe } from "../mint-plan.ts";
import { serviceAccountMint } from "./service-account.ts";
import type { EndpointReply, EndpointRequest } from "./testdata/fake-endpoint.ts";
import {
  dial,
  minted,
  failed,
  openEndpoint,
  rsaKeys,
  verifyAssertion,
  wordOf,
} from "./testdata/fake-endpoint.ts";

const { privateKey, publicKey } = rsaKeys();

/** Google takes 5 minutes of difference at most, and an hour of life. */
function google({ form }: EndpointRequest, nowMs: number, aud: string): EndpointReply {
  const date = new Date(nowMs).toUTCString();
  const refusal = { status: 400, headers: { date }, body: { error: "invalid_grant" } };
  if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") return refusal;
  const { header, claims } = verifyAssertion(form.get("assertion") ?? "", publicKey);
  const { iat, exp, ...said } = claims;
  const now = nowMs / 1000;
  const isTimely =
    typeof iat === "number" &&
    typeof exp === "number" &&
    iat <= now + 300 &&
    exp > now &&
    exp - iat <= 3600;
  const isRight =
    JSON.stringify([header, said]) ===
    JSON.stringify([
      { alg: "RS256", typ: "JWT", kid: "key-1" },
      { iss: "agent@project.iam.gserviceaccount.com", scope: "a b", aud },
    ]);
  if (!isTimely || !isRight) return refusal;
  return {
    headers: { date },
    body: { access_token: "ya29.x", token_type: "Bearer", expires_in: 3599 },
  };
}

function recipe(tokenUrl: string): ServiceAccountRecipe {
  return {
    kind: "GCPServiceAccount",
    tokenUrl,
    scopes: ["a", "b"],
    clientEmail: "agent@project.iam.gserviceaccount.com",
    keyId: "key-1",
    privateKey,
  };
}

for (const skewMs of [0, 600_000, -600_000, 86_400_000]) {
  t.test(
    `serviceAccountMint() is taken by an endpoint whose clock is ${skewMs} ms off`,
    async (t) => {
      const clock = new ManualClock();
      const { origin, requests } = await openEndpoint(t, (request) =>
        google(request, clock.now() + skewMs, `${origin}/token`),
      );
      const outcome = await minted(
        serviceAccountMint(recipe(`${origin}/token`), { ...dial, clock }),
      );
      t.equal(wordOf(outcome), "ya29.x");
      t.equal(outcome.lifeMs, 3_599_000);
      // Ten minutes need no second try, even where answers have no Date.
      t.equal(requests.length, Math.abs(skewMs) <= 600_000 ? 1 : 2);
    },
  );
}

t.test("serviceAccountMint() says that the key is refused", async (t) => {
  const { origin } = await openEndpoint(t, (request) => google(request, 0, "elsewhere"));
  const clock = new ManualClock(0);
  t.match(await failed(serviceAccountMint(recipe(`${origin}/token`), { ...dial, clock })), {
    failure: "refused",
    message: /refused \(400 invalid_grant\)$/,
  });
});
