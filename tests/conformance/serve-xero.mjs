// Serves Xero's published accounting model with Prism:
//   node serve-xero.mjs --specs DIR [--port 0]
// Prism ignores the base path of the model's server, so a copy with the path in every template is served;
// calls then look as they do in production: /api.xro/2.0/Invoices. Requests are judged by the model; answers
// are the model's own examples, and to judge them too would take a second each.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@stoplight/prism-core";
import prismHttp from "@stoplight/prism-http";
import prismServer from "@stoplight/prism-http-server";
import { announce, endWithParent, fail } from "./lifetime.mjs";
import { options } from "./options.mjs";

const BASE_PATH = "/api.xro/2.0";

endWithParent();
const { specs, port } = options({ specs: undefined, port: "0" });
const operations = await load(join(specs, "xero", "xero_accounting.yaml"));
const server = prismServer.createServer(operations, {
  cors: false,
  components: { logger: createLogger("PRISM", { level: "fatal" }) },
  config: {
    isProxy: false,
    validateRequest: true,
    validateResponse: false,
    checkSecurity: true,
    errors: false,
    mock: { dynamic: false, ignoreExamples: false },
  },
});
const address = await server.listen(Number(port), "127.0.0.1");
announce(new URL(address).port);

async function load(path) {
  const model = prefixed(readFileSync(path, "utf8"));
  const folder = mkdtempSync(join(tmpdir(), "sentia-xero-"));
  try {
    const copy = join(folder, "xero_accounting.yaml");
    writeFileSync(copy, model);
    return await prismHttp.getHttpOperationsFromSpec(copy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prefixed(model) {
  const lines = model.split("\n");
  const start = lines.indexOf("paths:");
  const end = lines.findIndex((line, at) => at > start && /^\w/.test(line));
  let templates = 0;
  for (let at = start; at < end; at += 1) {
    lines[at] = lines[at].replace(/^ {2}(["']?)\//, (_, quote) => {
      templates += 1;
      return `  ${quote}${BASE_PATH}/`;
    });
  }
  if (start < 0 || templates === 0) fail("the Xero model has no paths");
  return lines.join("\n");
}
