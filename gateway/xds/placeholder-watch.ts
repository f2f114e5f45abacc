/**
 * Looks for placeholders in requests that none is for, inside Envoy: a script over the names and values of all headers,
 * the path and query among them. The filter is in every chain and does nothing; where agents were given placeholders, the
 * routes of the gateway bring the script, so that the first placeholder changes no chain.
 */

import { packAny, typedExtension } from "../any.ts";
import { renderingsOfTag } from "../placeholder.ts";
import type { google } from "../proto/gen/xds.js";
import { envoy } from "../proto/gen/xds.js";
import type { GatewaySnapshot, SwapPlan } from "../snapshot.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";
import type { FailureReply } from "./upstream-failure.ts";

type HttpFilter = envoy.extensions.filters.network.http_connection_manager.v3.IHttpFilter;

/** Escapes in escapes that are undone; nobody reads more levels. */
const maxLevels = 3;

/** What an agent is told. Envoy's details of a reply by a script are always the same. */
export const misdirectedReply: FailureReply = {
  when: "response.code_details == 'lua_response'",
  facts: {
    status: 403,
    reason: "placeholder-misdirected",
    message:
      "Refused because the request holds a placeholder that is for another host: no rule for %REQ(:AUTHORITY)% takes it",
  },
};

/** The filter; off unless `watchConfig` turns it on. */
export function placeholderWatch(): HttpFilter {
  const { Lua } = envoy.extensions.filters.http.lua.v3;
  const filter = typedExtension(HTTP_FILTER.placeholderWatch, Lua, {
    statPrefix: "placeholder_watch",
  });
  return { ...filter, disabled: true };
}

/** Configuration of all routes of a gateway; empty where no placeholder was given to anybody. */
export function watchConfig({
  placeholderTag,
}: Pick<GatewaySnapshot, "placeholderTag">): Record<string, google.protobuf.IAny> {
  if (placeholderTag === undefined) return {};
  const { LuaPerRoute } = envoy.extensions.filters.http.lua.v3;
  return {
    [HTTP_FILTER.placeholderWatch]: packAny(LuaPerRoute, {
      sourceCode: { inlineString: watchScript(placeholderTag) },
    }),
  };
}

/** Configuration of routes where the engine looks for placeholders itself. */
export function unwatchedConfig(): Record<string, google.protobuf.IAny> {
  const { LuaPerRoute } = envoy.extensions.filters.http.lua.v3;
  return { [HTTP_FILTER.placeholderWatch]: packAny(LuaPerRoute, { disabled: true }) };
}

/** Whether the engine refuses the placeholders that are not for requests of the plan. */
export function watchesItself({ tag, placeholders }: SwapPlan): boolean {
  return tag !== undefined && placeholders.length > 0;
}

/** Whether any rule of the gateway has something written over. */
export function swapsAnything({ hosts }: GatewaySnapshot): boolean {
  return hosts.some(({ rules }) =>
    rules.some(
      ({ action }) =>
        action.kind === "forward" &&
        (action.swap !== undefined || action.backends.some(({ swap }) => swap !== undefined)),
    ),
  );
}

/**
 * Plain finds, no patterns: the time is linear in the headers, which Envoy bounds. Texts shorter than the tag are passed
 * over. Response is given once all headers were seen, because Envoy allows nothing else within the loop.
 */
function watchScript(tag: string): string {
  const forms = renderingsOfTag(tag).map((form) => `"${form}"`);
  return `
local tag = "${tag}"
local forms = {${forms.join(", ")}}
local function find(text)
  if string.find(string.lower(text), tag, 1, true) then return true end
  for _, form in ipairs(forms) do
    if string.find(text, form, 1, true) then return true end
  end
  return false
end
local function unescape(digits)
  return string.char(tonumber(digits, 16))
end
local function holds(text)
  if #text < #tag then return false end
  if find(text) then return true end
  for _ = 1, ${maxLevels} do
    if not string.find(text, "%", 1, true) then return false end
    text = string.gsub(text, "%%(%x%x)", unescape)
    if find(text) then return true end
  end
  return false
end
function envoy_on_request(handle)
  local found = false
  for name, value in pairs(handle:headers()) do
    found = found or holds(name) or holds(value)
  end
  if found then handle:respond({[":status"] = "403"}, "") end
end
`;
}
