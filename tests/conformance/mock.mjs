// Answers as Prism does: with the model's examples, or what its schemas make, and the vendor's placeholders filled in.
//   PUT /-/file   what a report's download brings, where a vendor has reports
import { createLogger } from "@stoplight/prism-core";
import prismHttp from "@stoplight/prism-http";
import { pairs, parsed } from "./exchanges.mjs";
import { requestFaults, routed } from "./judge.mjs";
import { fail } from "./lifetime.mjs";
import { schemaFaults } from "./schemas.mjs";

const CONFIG = {
  isProxy: false,
  validateRequest: true,
  validateResponse: false,
  checkSecurity: true,
  errors: false,
  mock: { dynamic: false, ignoreExamples: false },
};

// `vendor` is what the models leave open (vendors/any.mjs).
export function mock(operations, vendor) {
  check(operations, vendor.placeholders);
  const prism = prismHttp.createInstance(CONFIG, { logger: createLogger("PRISM", { level: "fatal" }) });
  const desk = { operations, vendor, prism, state: {} };
  return async (asked, note) => {
    const { method, url, headers, bytes } = asked;
    const route = vendor.routes.find((route) => route.method === method && route.path === url.split("?")[0]);
    if (route) return route.answer(desk.state);
    if (method === "put" && url === "/-/file") {
      desk.state.file = { body: bytes, headers: { "content-type": headers["content-type"] } };
      return { status: 204 };
    }
    return ask(desk, note, { method, url, headers, body: parsed(asked) });
  };
}

// A placeholder for an operation that is not in the models would be dead.
function check(operations, placeholders) {
  const known = new Set(operations.map((operation) => operation.iid));
  const dead = placeholders.flatMap((one) => one.operations).filter((name) => !known.has(name));
  if (dead.length > 0) fail(`there are placeholders for operations that no model has: ${dead}`);
}

// Puts one request before the model.
async function ask(desk, note, { method, url: address, headers, body }) {
  const exchange = note(`${method} ${address}`);
  const url = new URL(address, `http://${headers.host}`);
  const input = { method, url: { path: url.pathname, query: pairs(url.searchParams) }, headers, body };
  const { operation, error } = routed(desk.operations, input);
  if (error) return refused(exchange, error);
  exchange.operation = operation.iid;
  exchange.faults = requestFaults(operation, input, desk.vendor.headers);
  const outcome = await desk.prism.request(input, [operation])();
  if (outcome._tag === "Left") return refused(exchange, outcome.left);
  const { output } = outcome.right;
  const answer = structuredClone(output.body);
  if (output.statusCode < 300) {
    const inner = (method, url, headers) =>
      ask(desk, note, { method, url, headers: { host: input.headers.host, ...lowered(headers) }, body: null });
    const isFilled = await fill(desk, operation, answer, { url, body, state: desk.state, ask: inner });
    if (isFilled) exchange.strayed = schemaFaults(operation, output.statusCode, answer);
  }
  return answered(exchange, output.statusCode, output.headers, answer);
}

function refused(exchange, error) {
  if (exchange.faults.length === 0) exchange.faults.push(error.detail ?? error.message);
  return answered(exchange, error.status ?? 500, {}, prismHttp.ProblemJsonError.toProblemJson(error));
}

function answered(exchange, status, headers, body) {
  const text = body === undefined ? "" : JSON.stringify(body);
  Object.assign(exchange, { status, answer: text });
  return { status, headers, body: text };
}

async function fill(desk, operation, answer, request) {
  const own = desk.vendor.placeholders.filter(({ operations }) => operations.includes(operation.iid));
  for (const placeholder of own) await placeholder.fill(answer, request);
  return own.length > 0;
}

function lowered(headers = {}) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
