/** The request of an OAuth 2.0 grant: form body, and the client's own credentials where the policy wants them. */

import type { ClientCredentialsRecipe, RefreshTokenRecipe } from "../mint-plan.ts";
import type { TokenRequest } from "./token-endpoint.ts";

/** Builds the request of a grant with its own parameters. */
export function oauth2Request(
  recipe: ClientCredentialsRecipe | RefreshTokenRecipe,
  grant: Readonly<Record<string, string>>,
): TokenRequest {
  const { tokenUrl, scopes, parameters, clientId, clientSecret, clientAuthentication } = recipe;
  const form = new URLSearchParams(grant);
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  for (const [name, value] of parameters) form.append(name, value);
  const isBasic = clientSecret !== undefined && clientAuthentication === "Basic";
  if (!isBasic) form.set("client_id", clientId.reveal());
  if (!isBasic && clientSecret !== undefined) form.set("client_secret", clientSecret.reveal());
  return formRequest(tokenUrl, form, {
    ...(isBasic && { authorization: basicAuthorization(clientId.reveal(), clientSecret.reveal()) }),
  });
}

/** A POST of a form that is answered in JSON. */
export function formRequest(
  url: string,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>> = {},
): TokenRequest {
  return {
    url,
    headers: {
      ...headers,
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
    },
    body: form.toString(),
    mediaTypes: ["application/json"],
  };
}

/** RFC 6749 section 2.3.1: both parts are encoded as in a form before they are joined. */
function basicAuthorization(clientId: string, clientSecret: string): string {
  const joined = `${formEncode(clientId)}:${formEncode(clientSecret)}`;
  return `Basic ${Buffer.from(joined).toString("base64")}`;
}

function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
