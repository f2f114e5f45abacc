/** Header mutations with credentials: a format that Envoy fills from an SDS secret, so that no value stands in the configuration. */

import { packAny, typedExtension } from "../any.ts";
import type { google } from "../proto/gen/xds.js";
import { envoy } from "../proto/gen/xds.js";
import type { CredentialUse } from "../snapshot.ts";
import { escapeFormat, overwriteHeader } from "./denial-route.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";

type HttpFilter = envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter;
type Mutation = envoy.config.common.mutation_rules.v3.IHeaderMutation;
type HeaderUse = Extract<CredentialUse, { readonly kind: "header" }>;

/** Configuration of a route or backend: its mutations, then the credentials; nothing where there are none. */
export function mutationConfig(
  request: readonly Mutation[],
  response: readonly Mutation[],
  credentials: readonly CredentialUse[],
): Record<string, google.protobuf.IAny> {
  const headers = headerUses(credentials);
  const requestMutations = [...request, ...headers.map(injection)];
  if (requestMutations.length === 0 && response.length === 0) return {};
  const { HeaderMutationPerRoute } = envoy.extensions.filters.http.header_mutation.v3;
  return {
    [HTTP_FILTER.headerMutation]: packAny(HeaderMutationPerRoute, {
      mutations: {
        requestMutations,
        responseMutations: [...response],
        ...(headers.length > 0 && { formatters: [secretFormatter(headers)] }),
      },
    }),
  };
}

/** Upstream filter that removes headers before anything else of an attempt. */
export function removalFilter(names: readonly string[]): HttpFilter {
  const { HeaderMutation } = envoy.extensions.filters.http.header_mutation.v3;
  return typedExtension("clrk.removal", HeaderMutation, {
    mutations: { requestMutations: names.map((remove) => ({ remove })) },
  });
}

/** Upstream filter that gives an attempt its credentials; none where there are none. */
export function injectionFilter(credentials: readonly CredentialUse[]): HttpFilter[] {
  const headers = headerUses(credentials);
  if (headers.length === 0) return [];
  const { HeaderMutation } = envoy.extensions.filters.http.header_mutation.v3;
  return [
    typedExtension("clrk.injection", HeaderMutation, {
      mutations: {
        requestMutations: headers.map(injection),
        formatters: [secretFormatter(headers)],
      },
    }),
  ];
}

function headerUses(credentials: readonly CredentialUse[]): HeaderUse[] {
  return credentials.filter((use) => use.kind === "header");
}

function injection(use: HeaderUse): Mutation {
  const value = `${escapeFormat(use.valuePrefix)}%SECRET(${use.secret.resource})%`;
  return { append: overwriteHeader(use.header, value) };
}

function secretFormatter(uses: readonly HeaderUse[]) {
  const { GenericSecret } = envoy.extensions.formatter.generic_secret.v3;
  const secretConfigs: Record<string, envoy.extensions.transport_sockets.tls.v3.ISdsSecretConfig> =
    Object.create(null);
  for (const { secret } of uses) {
    secretConfigs[secret.resource] = {
      name: secret.resource,
      sdsConfig: { ads: {}, resourceApiVersion: envoy.config.core.v3.ApiVersion.V3 },
    };
  }
  return typedExtension("envoy.formatter.generic_secret", GenericSecret, { secretConfigs });
}
