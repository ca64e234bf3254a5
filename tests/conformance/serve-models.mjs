// Serves vendors' published models, all on one port, each with the path that stands before its own:
//   node serve-models.mjs --specs DIR --models a/b.json,c/d.yaml@/v1.0 [--vendor amazon] [--port 0]
// Prism answers with the models' own examples, or with what their schemas make. From `PUT /-/upstream` with an address
// on, the server there answers, and is judged. Every exchange is kept with what the models have against it
// (exchanges.mjs). `--vendor` names the file of what the models leave open (vendors/*.mjs).
import { join } from "node:path";
import { pairs, parsed, recording } from "./exchanges.mjs";
import { requestFaults, routed } from "./judge.mjs";
import { announce, endWithParent } from "./lifetime.mjs";
import { mock } from "./mock.mjs";
import { operationsOf } from "./models.mjs";
import { options } from "./options.mjs";
import { schemaFaults } from "./schemas.mjs";
import { switched } from "./upstream.mjs";

endWithParent();
const given = options({ specs: undefined, models: undefined, vendor: "any", port: "0" });
const { default: vendor } = await import(`./vendors/${given.vendor}.mjs`);
const operations = [];
for (const model of given.models.split(",")) {
  const [path, prefix = ""] = model.split("@");
  operations.push(...(await operationsOf(join(given.specs, path), prefix, vendor.kept)));
}
for (const operation of operations) operation.narrowed = vendor.narrowed(operation);
const server = recording(switched(judged, mock(operations, vendor)));
server.listen(Number(given.port), "127.0.0.1", () => announce(server.address().port));

function judged(asked, exchange) {
  const { pathname, searchParams } = new URL(asked.url, "http://127.0.0.1");
  const { method, headers } = asked;
  const input = { method, url: { path: vendor.canonical(pathname), query: pairs(searchParams) }, headers, body: parsed(asked) };
  const { operation, error } = routed(operations, input);
  if (error) {
    exchange.faults.push(error.detail ?? error.message);
    return () => {};
  }
  exchange.operation = operation.iid;
  exchange.faults = requestFaults(operation, input, vendor.headers);
  return ({ status, text }) => {
    const body = text === "" ? undefined : JSON.parse(text);
    exchange.strayed = schemaFaults(operation, status, body);
  };
}
