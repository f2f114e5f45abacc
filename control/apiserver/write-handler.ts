/** POST, PUT, PATCH and DELETE of objects. */
import type { ApiAnswer, ApiContext, ObjectRequest } from "./api-context.ts";
import { readPage, readSelection } from "./list-request.ts";
import type { DeleteOptions } from "./object-deleter.ts";
import { readDeleteOptions } from "./object-deleter.ts";
import { readObject } from "./object-meta.ts";
import type { WriteOptions, WriteOutcome } from "./object-writer.ts";
import { patchObject, readPatch } from "./patch-request.ts";
import { choosePresentation, presentList, presentObject } from "./presentation.ts";
import { mediaTypeOf, parseBody, readBody } from "./request-body.ts";
import { isSet } from "./request-target.ts";
import type { FieldValidation } from "./served-resource.ts";
import { StatusError, badRequest, methodNotAllowed } from "./status-error.ts";

/** Longest name of a field manager, as in Kubernetes. */
const maxManagerLength = 128;

/** Answers `create`. */
export async function createObject(context: ApiContext, call: ObjectRequest): Promise<ApiAnswer> {
  const { request, target, resource } = call;
  if (target.name !== "") throw methodNotAllowed();
  const options = readWriteOptions(call);
  const body = await parseBody(await readBody(request), mediaTypeOf(request), resource.kind);
  const object = readObject(body, resource, placeOf(call));
  return present(context, call, await context.writer.create(resource, object, options));
}

/** Answers `update` of an object or of its status. */
export async function updateObject(context: ApiContext, call: ObjectRequest): Promise<ApiAnswer> {
  const { request, resource } = call;
  const options = readWriteOptions(call);
  const body = await parseBody(await readBody(request), mediaTypeOf(request), resource.kind);
  const wanted = readObject(body, resource, placeOf(call));
  const outcome = await context.writer.change(
    {
      resource,
      ...placeOf(call),
      needsVersion: true,
      change: (current) => (current === undefined ? undefined : wanted),
    },
    options,
  );
  return present(context, call, outcome);
}

/** Answers `patch` of an object or of its status. */
export async function patchObjectAt(context: ApiContext, call: ObjectRequest): Promise<ApiAnswer> {
  const { request, target, resource } = call;
  const mediaType = mediaTypeOf(request);
  const options = readWriteOptions(call);
  const patch = await readPatch(await readBody(request), mediaType, resource);
  const isApply = patch.kind === "apply";
  const force = isSet(target.query, "force");
  if (isApply && (target.query.get("fieldManager") ?? "") === "") {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  if (!isApply && force) {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
  }
  const facts = { resource, place: placeOf(call), writer: context.writer.writerOf(options), force };
  const outcome = await context.writer.change(
    {
      resource,
      ...placeOf(call),
      isApply,
      change: (current) => patchObject(patch, current, facts),
    },
    options,
  );
  return present(context, call, outcome);
}

/** Answers `delete`: the object while it waits for finalizers, else a Status that names what is gone. */
export async function deleteObject(context: ApiContext, call: ObjectRequest): Promise<ApiAnswer> {
  const { target, resource, request } = call;
  const options = await readDelete(call);
  const { kind, object } = await context.deleter.delete(resource, target, options);
  if (kind === "pending") {
    const presentation = choosePresentation(request.headers.accept, target.query);
    const nowMs = context.clock.now();
    return { status: 200, body: presentObject(presentation, resource, { object, nowMs }) };
  }
  const { group, plural } = resource;
  const details = {
    name: target.name,
    ...(group !== "" && { group }),
    kind: plural,
    uid: object.metadata.uid,
  };
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  return { status: 200, body: JSON.stringify(status) };
}

/** Answers `deletecollection`: deletes what the selectors find, and lists it. */
export async function deleteCollection(
  context: ApiContext,
  call: ObjectRequest,
): Promise<ApiAnswer> {
  const { target, resource, request } = call;
  if (resource.namespaced && target.namespace === "") throw methodNotAllowed();
  const options = await readDelete(call);
  const presentation = choosePresentation(request.headers.accept, target.query);
  const page = readPage(
    context.store,
    readSelection(resource, target.namespace, target.query),
    target.query,
  );
  for (const { object } of page.items) {
    const { name, uid = "" } = object().metadata;
    const preconditions = { uid };
    const place = { namespace: target.namespace, name };
    await context.deleter.delete(resource, place, { ...options, preconditions }).catch(ignoreGone);
  }
  return {
    status: 200,
    body: presentList(presentation, resource, { ...page, nowMs: context.clock.now() }),
  };
}

function ignoreGone(error: unknown): void {
  // Somebody else was faster, which is what was wanted.
  if (!(error instanceof StatusError) || (error.code !== 404 && error.code !== 409)) throw error;
}

function placeOf({ target }: ObjectRequest) {
  return { namespace: target.namespace, name: target.name };
}

function present(
  context: ApiContext,
  { request, target, resource }: ObjectRequest,
  { object, warnings, created }: WriteOutcome,
): ApiAnswer {
  const presentation = choosePresentation(request.headers.accept, target.query);
  const body = presentObject(presentation, resource, { object, nowMs: context.clock.now() });
  return { status: created ? 201 : 200, body, warnings, encoding: presentation.encoding };
}

function readWriteOptions({ request, target }: ObjectRequest): WriteOptions {
  const { query, subresource } = target;
  return {
    dryRun: readDryRun(query),
    validation: readValidation(query.get("fieldValidation")),
    manager: readManager(query.get("fieldManager"), request.headers["user-agent"]),
    ...(subresource === "status" && { subresource }),
  };
}

async function readDelete({ request, target }: ObjectRequest): Promise<DeleteOptions> {
  const { query } = target;
  const body = await parseBody(await readBody(request), mediaTypeOf(request), "DeleteOptions");
  const options = readDeleteOptions(body);
  const policy = query.get("propagationPolicy");
  const fromQuery = readDeleteOptions({ propagationPolicy: policy });
  return { ...fromQuery, ...options, dryRun: options.dryRun || readDryRun(query) };
}

function readDryRun(query: URLSearchParams): boolean {
  const values = query.getAll("dryRun").filter((value) => value !== "");
  if (values.every((value) => value === "All")) return values.length > 0;
  throw badRequest('invalid dryRun: the only value that is served is "All"');
}

function readValidation(text: string | null): FieldValidation {
  if (text === null || text === "") return "Warn";
  if (text === "Strict" || text === "Warn" || text === "Ignore") return text;
  throw badRequest('invalid fieldValidation: wanted "Strict", "Warn" or "Ignore"');
}

/** Without a name of its own a client is called by the first word of its user agent, as in Kubernetes. */
function readManager(text: string | null, userAgent: string | undefined): string {
  const name = text ?? (userAgent ?? "").split("/")[0] ?? "";
  if (name.length > maxManagerLength || !/^[\x20-\x7e]*$/.test(name)) {
    throw badRequest(
      `invalid fieldManager: wanted at most ${maxManagerLength} printable characters`,
    );
  }
  return name;
}
