/** The client credentials grant, and the two ways in which a client says who it is. */
import t from "tap";
import type { ClientCredentialsRecipe } from "../mint-plan.ts";
import { SecretValue } from "../secret-value.ts";
import { clientCredentialsMint } from "./client-credentials.ts";
import { dial, failed, minted, openEndpoint, wordOf } from "./testdata/fake-endpoint.ts";

function recipe(origin: string, more: Partial<ClientCredentialsRecipe> = {}) {
  return {
    kind: "OAuth2ClientCredentials",
    tokenUrl: `${origin}/token`,
    scopes: ["read:a", "b"],
    parameters: [["audience", "https://api.example/?a=b"]],
    clientAuthentication: "Basic",
    clientId: new SecretValue("id:of client"),
    clientSecret: new SecretValue("s3cr%t+/ü"),
    ...more,
  } satisfies ClientCredentialsRecipe;
}

t.test("clientCredentialsMint() authenticates in the header, each part form-encoded", async (t) => {
  const endpoint = await openEndpoint(t, () => ({
    body: { access_token: "abc", token_type: "Bearer", expires_in: 60 },
  }));
  const outcome = await minted(clientCredentialsMint(recipe(endpoint.origin), dial));
  t.equal(wordOf(outcome), "abc");
  t.equal(outcome.lifeMs, 60_000);
  const [request] = endpoint.requests;
  t.match(request, { method: "POST", url: "/token" });
  t.match(request?.headers, {
    "content-type": "application/x-www-form-urlencoded",
    accept: "application/json",
    // RFC 6749 section 2.3.1 and appendix B: a blank is "+", and what is not ASCII is UTF-8.
    authorization: `Basic ${Buffer.from("id%3Aof+client:s3cr%25t%2B%2F%C3%BC").toString("base64")}`,
  });
  t.same(
    [...(request?.form ?? [])],
    [
      ["grant_type", "client_credentials"],
      ["scope", "read:a b"],
      ["audience", "https://api.example/?a=b"],
    ],
  );
});

t.test("clientCredentialsMint() authenticates in the body where that is asked for", async (t) => {
  const endpoint = await openEndpoint(t, () => ({ body: { access_token: "abc" } }));
  const body = recipe(endpoint.origin, {
    clientAuthentication: "Body",
    scopes: [],
    parameters: [],
  });
  await minted(clientCredentialsMint(body, dial));
  const [request] = endpoint.requests;
  t.equal(request?.headers.authorization, undefined);
  t.same(Object.fromEntries(request?.form ?? []), {
    grant_type: "client_credentials",
    client_id: "id:of client",
    client_secret: "s3cr%t+/ü",
  });
});

t.test(
  "clientCredentialsMint() says what the endpoint said, in the standard's words",
  async (t) => {
    const { origin } = await openEndpoint(t, () => ({
      status: 401,
      body: { error: "invalid_client", error_description: "s3cr%t+/ü" },
    }));
    const failure = await failed(clientCredentialsMint(recipe(origin), dial));
    t.match(failure, { failure: "refused", message: /refused \(401 invalid_client\)$/ });
    t.notMatch(JSON.stringify(failure), "s3cr");
  },
);
