/** Installation tokens, from a fake of GitHub's API that checks what GitHub does. */
import t from "tap";
import { ManualClock } from "../clock.ts";
import type { GitHubAppRecipe } from "../mint-plan.ts";
import { gitHubAppMint } from "./github-app.ts";
import type { EndpointReply, EndpointRequest } from "./testdata/fake-endpoint.ts";
import {
  dial,
  failed,
  minted,
  openEndpoint,
  rsaKeys,
  verifyAssertion,
  wordOf,
} from "./testdata/fake-endpoint.ts";

const { privateKey, publicKey } = rsaKeys();

function github({ method, url, headers, body }: EndpointRequest, nowMs: number): EndpointReply {
  const date = new Date(nowMs).toUTCString();
  const [scheme, token = ""] = (headers.authorization ?? "").split(" ");
  const { claims } = verifyAssertion(token, publicKey);
  const now = Math.floor(nowMs / 1000);
  const { iat, exp, iss } = claims;
  const isTimely = Number(iat) <= now && Number(exp) > now && Number(exp) - now <= 600;
  if (scheme !== "Bearer" || iss !== "12" || !isTimely) {
    return { status: 401, headers: { date }, body: { message: "hunter2" } };
  }
  const isRight =
    method === "POST" &&
    url === "/api/v3/app/installations/34/access_tokens" &&
    headers["x-github-api-version"] === "2022-11-28";
  if (!isRight) return { status: 404, headers: { date }, body: { message: "hunter2" } };
  const expires = new Date(nowMs + 3_600_000).toISOString();
  return { status: 201, headers: { date }, body: { token: `ghs_${body}`, expires_at: expires } };
}

function recipe(origin: string, more: Partial<GitHubAppRecipe> = {}): GitHubAppRecipe {
  return {
    kind: "GitHubApp",
    baseUrl: `${origin}/api/v3`,
    appId: 12,
    installationId: 34,
    repositories: [],
    permissions: [],
    privateKey,
    ...more,
  };
}

for (const skewMs of [0, 600_000, -600_000]) {
  t.test(`gitHubAppMint() is taken by an API whose clock is ${skewMs} ms off`, async (t) => {
    const clock = new ManualClock();
    const { origin } = await openEndpoint(t, (request) => github(request, clock.now() + skewMs));
    const mint = gitHubAppMint(recipe(origin), { ...dial, clock });
    const outcome = await minted(mint);
    t.equal(wordOf(outcome), "ghs_{}");
    t.ok(Math.abs(outcome.lifeMs - 3_600_000) <= 1_000, `${outcome.lifeMs} by the API's own clock`);
  });
}

t.test("gitHubAppMint() asks for no more than the policy says", async (t) => {
  const clock = new ManualClock();
  const { origin, requests } = await openEndpoint(t, (request) => github(request, clock.now()));
  const narrow = recipe(origin, { repositories: ["docs"], permissions: [["contents", "read"]] });
  await minted(gitHubAppMint(narrow, { ...dial, clock })).catch(() => {});
  t.same(JSON.parse(requests[0]?.body ?? ""), {
    repositories: ["docs"],
    permissions: { contents: "read" },
  });
});

t.test("gitHubAppMint() shows nothing of what the API says", async (t) => {
  const clock = new ManualClock();
  const { origin } = await openEndpoint(t, (request) => github(request, clock.now()));
  const wrong = gitHubAppMint(recipe(origin, { installationId: 35 }), { ...dial, clock });
  const failure = await failed(wrong);
  t.match(failure, { failure: "refused", message: /refused \(404\)$/ });
  t.notMatch(JSON.stringify(failure), "hunter2");
  for (const body of [{ token: "x" }, { token: "a b", expires_at: "2099-01-01" }, "hunter2"]) {
    const odd = await openEndpoint(t, () => ({ status: 201, body }));
    t.match(await failed(gitHubAppMint(recipe(odd.origin), { ...dial, clock })), {
      failure: "malformed",
    });
  }
});
