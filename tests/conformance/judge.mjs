// What a model has against requests, by Prism's own rules and two of ours: nothing undeclared is asked, and a POST says
// its length.
import router from "@stoplight/prism-http/dist/router/index.js";
import validator from "@stoplight/prism-http/dist/validator/index.js";

const TRANSPORT = ["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"];

// The operation that a request is for: `{operation}`, or `{error}` where the models have none.
export function routed(operations, input) {
  const outcome = router.default({ resources: operations, input });
  return outcome._tag === "Left" ? { error: outcome.left } : { operation: outcome.right };
}

// The faults of a request. `common` are headers that the vendor wants with every call and no model declares.
export function requestFaults(operation, input, common) {
  return [
    ...verdict(validator.validateSecurity({ resource: operation, element: input })),
    ...verdict(validator.validateInput({ resource: operation, element: input })),
    ...undeclared(operation, input, common),
    ...(input.method === "post" && !("content-length" in input.headers) ? ["a POST does not say its length"] : []),
  ];
}

function verdict(outcome) {
  return outcome._tag === "Left" ? outcome.left.map(told) : [];
}

function told({ path, message }) {
  return path ? `${path.join(".")}: ${message}` : message;
}

function undeclared(operation, { url, headers }, common) {
  const known = (list) => new Set((list ?? []).map(({ name }) => name.toLowerCase()));
  const query = known(operation.request?.query);
  const header = known(operation.request?.headers);
  const free = new Set([...TRANSPORT, ...common, "authorization"]);
  const strange = Object.keys(url.query).filter((name) => !query.has(name.toLowerCase()));
  const foreign = Object.keys(headers).filter((name) => !header.has(name) && !free.has(name));
  return [
    ...strange.map((name) => `the model declares no query parameter ${name}`),
    ...foreign.map((name) => `the model declares no header ${name}`),
  ];
}
