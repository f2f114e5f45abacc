/**
 * The check that what an agent says inside a connection (`:authority`) is what it dialled (SNI, CONNECT target,
 * port). Written as an RBAC filter that allows only agreement: an expression that cannot be evaluated denies.
 */

import { packAny, typedExtension } from "../any.ts";
import { envoy } from "../proto/gen/xds.js";
import type { google } from "../proto/gen/xds.js";
import { FILTER_STATE } from "./filter-state.ts";
import { HTTP_FILTER } from "./http-filter-names.ts";

type Expression = google.api.expr.v1alpha1.IExpr;

/** Name of the RBAC policy; Envoy's response code details carry it. */
export const agreementPolicy = "agreement";

/**
 * Which facts the authority is held against: the TLS server name, the dialled name of a plain connection, or,
 * where a plain connection was dialled by bare address, only the port.
 */
export type AgreementKind = "tls" | "plain";

/**
 * HTTP filters that deny with 403 unless the authority agrees with the connection. The first one only notes that a
 * request fits the usual case of its virtual host (`agreementShortcut`); the second allows what was noted, and asks
 * the expression about everything else. The expression costs Envoy 12 µs, the note 2.
 */
export function agreementFilters(kind: AgreementKind) {
  const { RBAC } = envoy.extensions.filters.http.rbac.v3;
  const shortcut = {
    permissions: [{ sourcedMetadata: { metadataMatcher: shortcutWasTaken() } }],
    principals: [{ any: true }],
  };
  const rules = agreementRules(condition(kind));
  return [
    typedExtension(HTTP_FILTER.agreementShortcut, RBAC, {}),
    typedExtension("envoy.filters.http.rbac", RBAC, {
      // Policies are asked in the order of their names.
      rules: { ...rules, policies: { "0-shortcut": shortcut, ...rules.policies } },
    }),
  ];
}

/**
 * Configuration of a virtual host for the first filter: requests to exactly this host, without a port, on a connection
 * that dialled this host on the default port. Noted, not enforced.
 */
export function agreementShortcut(kind: AgreementKind, host: string) {
  const { RBACPerRoute } = envoy.extensions.filters.http.rbac.v3;
  const isHost = stateIs(FILTER_STATE.host, host);
  // On plain HTTP a connection may have been dialled by bare address: then only the port counts.
  const named = kind === "tls" ? isHost : anyId([isHost, stateIs(FILTER_STATE.host, "-")]);
  const dialled = anyId([stateIs(FILTER_STATE.dialled, "-"), stateIs(FILTER_STATE.dialled, host)]);
  const port = stateIs(FILTER_STATE.port, defaultPort(kind));
  return packAny(RBACPerRoute, {
    rbac: {
      shadowRulesStatPrefix: shortcutPrefix,
      shadowRules: {
        action: envoy.config.rbac.v3.RBAC.Action.ALLOW,
        policies: {
          usual: {
            permissions: [{ header: { name: ":authority", stringMatch: { exact: host } } }],
            principals: [{ andIds: { ids: [named, dialled, port] } }],
          },
        },
      },
    },
  });
}

/** Network filter that closes a passed-through TLS connection whose server name is not the dialled one. */
export function serverNameAgreementFilter() {
  const { RBAC } = envoy.extensions.filters.network.rbac.v3;
  return typedExtension("envoy.filters.network.rbac", RBAC, {
    statPrefix: "server_name.",
    rules: agreementRules(dialledIsServerName()),
  });
}

const shortcutPrefix = "agreement_";

/** Where Envoy's RBAC filter writes the result of rules that are not enforced. */
function shortcutWasTaken(): envoy.type.matcher.v3.IMetadataMatcher {
  return {
    filter: "envoy.filters.http.rbac",
    path: [{ key: `${shortcutPrefix}shadow_engine_result` }],
    value: { stringMatch: { exact: "allowed" } },
  };
}

function stateIs(key: string, exact: string): envoy.config.rbac.v3.IPrincipal {
  return { filterState: { key, stringMatch: { exact } } };
}

function anyId(ids: envoy.config.rbac.v3.IPrincipal[]): envoy.config.rbac.v3.IPrincipal {
  return { orIds: { ids } };
}

function defaultPort(kind: AgreementKind): string {
  return kind === "tls" ? "443" : "80";
}

function agreementRules(condition: Expression) {
  return {
    action: envoy.config.rbac.v3.RBAC.Action.ALLOW,
    policies: {
      [agreementPolicy]: {
        permissions: [{ any: true }],
        principals: [{ any: true }],
        condition,
        celConfig: { enableStringConversion: true, enableStringFunctions: true },
      },
    },
  };
}

function condition(kind: AgreementKind): Expression {
  const named = or(
    equals(requestHost(), state(FILTER_STATE.hostPort)),
    and(
      equals(requestHost(), state(FILTER_STATE.host)),
      equals(state(FILTER_STATE.port), text(defaultPort(kind))),
    ),
  );
  if (kind === "tls") return and(named, dialledIsServerName());
  return or(named, and(equals(state(FILTER_STATE.host), text("-")), portAgrees()));
}

/** A host without port means port 80 on plain HTTP (RFC 9110 section 4.2.1). */
function portAgrees(): Expression {
  const saysPort = call("endsWith", [state(FILTER_STATE.portSuffix)], requestHost());
  const saysNone = and(
    equals(state(FILTER_STATE.port), text("80")),
    call("!_", [call("contains", [text(":")], requestHost())]),
  );
  return or(saysPort, saysNone);
}

/** `-` is what Envoy's formatter writes for an absent value: then nothing was dialled by name. */
function dialledIsServerName(): Expression {
  const dialled = state(FILTER_STATE.dialled);
  const serverName = select(ident("connection"), "requested_server_name");
  return or(equals(dialled, text("-")), equals(dialled, serverName));
}

function requestHost(): Expression {
  return lowerCase(select(ident("request"), "host"));
}

/** Host names are the same in any case (RFC 9110 section 4.2.3). */
function lowerCase(name: Expression): Expression {
  return call("lowerAscii", [], name);
}

/** Filter state reaches CEL as bytes; `string()` makes it comparable. In lower case. */
function state(key: string): Expression {
  return lowerCase(call("string", [call("_[_]", [ident("filter_state"), text(key)])]));
}

function or(left: Expression, right: Expression): Expression {
  return call("_||_", [left, right]);
}

function and(left: Expression, right: Expression): Expression {
  return call("_&&_", [left, right]);
}

function equals(left: Expression, right: Expression): Expression {
  return call("_==_", [left, right]);
}

function call(name: string, args: Expression[], target?: Expression): Expression {
  return { callExpr: { function: name, args, ...(target !== undefined && { target }) } };
}

function select(operand: Expression, field: string): Expression {
  return { selectExpr: { operand, field } };
}

function ident(name: string): Expression {
  return { identExpr: { name } };
}

function text(value: string): Expression {
  return { constExpr: { stringValue: value } };
}
